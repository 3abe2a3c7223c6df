import Bytes

/// The directories in which a broker keeps records, and what is in them.
package struct DescribeLogDirsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeLogDirs
    package static let firstFlexible: Int16 = 2

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var results: [Directory]

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, results: [Directory]) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.results = results
    }
}

extension DescribeLogDirsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeLogDirsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try version >= 3 ? reader.kafkaErrorCode() : .none
        results = try reader.kafkaArray(of: Directory.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeLogDirsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        if version >= 3 { writer.kafkaErrorCode(errorCode) }
        writer.kafkaArray(results, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeLogDirsResponse {
    package struct Directory: KafkaStructure {
        package var errorCode: KafkaErrorCode
        /// The absolute path.
        package var logDir: String
        package var topics: [Topic]
        /// Of the volume; -1 when unknown (KIP-827).
        package var totalBytes: Int64
        package var usableBytes: Int64

        package static let minimumSize = 5

        package init(
            errorCode: KafkaErrorCode = .none, logDir: String, topics: [Topic], totalBytes: Int64 = -1,
            usableBytes: Int64 = -1
        ) {
            self.errorCode = errorCode
            self.logDir = logDir
            self.topics = topics
            self.totalBytes = totalBytes
            self.usableBytes = usableBytes
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeLogDirsResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            logDir = try reader.kafkaString(flexible: flexible)
            topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
            totalBytes = try version >= 4 ? reader.int64() : -1
            usableBytes = try version >= 4 ? reader.int64() : -1
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeLogDirsResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaString(logDir, flexible: flexible)
            writer.kafkaArray(topics, version: version, flexible: flexible)
            if version >= 4 { writer.int64(totalBytes) }
            if version >= 4 { writer.int64(usableBytes) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension DescribeLogDirsResponse {
    package typealias Topic = KafkaTopic<DescribeLogDirsResponse, Partition>
}

extension DescribeLogDirsResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        /// Bytes.
        package var partitionSize: Int64
        /// Records not yet committed.
        package var offsetLag: Int64
        /// On its way to another directory of this broker.
        package var isFutureKey: Bool

        package static let minimumSize = 21

        package init(partitionIndex: Int32, partitionSize: Int64, offsetLag: Int64 = 0, isFutureKey: Bool = false) {
            self.partitionIndex = partitionIndex
            self.partitionSize = partitionSize
            self.offsetLag = offsetLag
            self.isFutureKey = isFutureKey
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeLogDirsResponse.firstFlexible
            partitionIndex = try reader.int32()
            partitionSize = try reader.int64()
            offsetLag = try reader.int64()
            isFutureKey = try reader.kafkaBool()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeLogDirsResponse.firstFlexible
            writer.int32(partitionIndex)
            writer.int64(partitionSize)
            writer.int64(offsetLag)
            writer.kafkaBool(isFutureKey)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
