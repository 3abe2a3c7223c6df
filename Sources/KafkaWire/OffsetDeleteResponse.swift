import Bytes

/// What became of each offset to forget.
package struct OffsetDeleteResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.offsetDelete
    package static let firstFlexible: Int16 = .max

    /// That of the whole group; the topics are then empty.
    package var errorCode: KafkaErrorCode
    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(errorCode: KafkaErrorCode = .none, throttleTimeMs: Int32 = 0, topics: [Topic] = []) {
        self.errorCode = errorCode
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension OffsetDeleteResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        errorCode = try reader.kafkaErrorCode()
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: false)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaErrorCode(errorCode)
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: false)
    }
}

extension OffsetDeleteResponse {
    package typealias Topic = KafkaTopic<OffsetDeleteResponse, Partition>
}

extension OffsetDeleteResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 6

        package init(partitionIndex: Int32, errorCode: KafkaErrorCode = .none) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
        }
    }
}
