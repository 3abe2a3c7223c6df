import Bytes

/// The idempotent and transactional producers of each partition.
package struct DescribeProducersResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeProducers
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension DescribeProducersResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension DescribeProducersResponse {
    package typealias Topic = KafkaTopic<DescribeProducersResponse, Partition>
}

extension DescribeProducersResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode
        package var errorMessage: String?
        package var activeProducers: [Producer]

        package static let minimumSize = 9

        package init(
            partitionIndex: Int32, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil,
            activeProducers: [Producer]
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.activeProducers = activeProducers
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: true)
            activeProducers = try reader.kafkaArray(of: Producer.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: true)
            writer.kafkaArray(activeProducers, version: version, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeProducersResponse {
    package struct Producer: KafkaStructure {
        package var producerId: Int64
        package var producerEpoch: Int32
        /// -1 when it has none.
        package var lastSequence: Int32
        package var lastTimestamp: Int64
        package var coordinatorEpoch: Int32
        /// -1 when it has no transaction open here.
        package var currentTxnStartOffset: Int64

        package static let minimumSize = 37

        package init(
            producerId: Int64, producerEpoch: Int32, lastSequence: Int32, lastTimestamp: Int64,
            coordinatorEpoch: Int32, currentTxnStartOffset: Int64 = -1
        ) {
            self.producerId = producerId
            self.producerEpoch = producerEpoch
            self.lastSequence = lastSequence
            self.lastTimestamp = lastTimestamp
            self.coordinatorEpoch = coordinatorEpoch
            self.currentTxnStartOffset = currentTxnStartOffset
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            producerId = try reader.int64()
            producerEpoch = try reader.int32()
            lastSequence = try reader.int32()
            lastTimestamp = try reader.int64()
            coordinatorEpoch = try reader.int32()
            currentTxnStartOffset = try reader.int64()
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int64(producerId)
            writer.int32(producerEpoch)
            writer.int32(lastSequence)
            writer.int64(lastTimestamp)
            writer.int32(coordinatorEpoch)
            writer.int64(currentTxnStartOffset)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
