import Bytes

/// Adds partitions to topics.
package struct CreatePartitionsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.createPartitions
    package static let firstFlexible: Int16 = 2

    package var topics: [Topic]
    package var timeoutMs: Int32
    /// Check only, change nothing.
    package var validateOnly: Bool

    package init(topics: [Topic], timeoutMs: Int32, validateOnly: Bool) {
        self.topics = topics
        self.timeoutMs = timeoutMs
        self.validateOnly = validateOnly
    }
}

extension CreatePartitionsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= CreatePartitionsRequest.firstFlexible
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        timeoutMs = try reader.int32()
        validateOnly = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= CreatePartitionsRequest.firstFlexible
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.int32(timeoutMs)
        writer.kafkaBool(validateOnly)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension CreatePartitionsRequest {
    package struct Topic: KafkaStructure {
        package var name: String
        /// The new total.
        package var count: Int32
        /// Replicas of each added partition; nil leaves the choice to the broker.
        package var assignments: [Assignment]?

        package static let minimumSize = 7

        package init(name: String, count: Int32, assignments: [Assignment]?) {
            self.name = name
            self.count = count
            self.assignments = assignments
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreatePartitionsRequest.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            count = try reader.int32()
            assignments = try reader.kafkaNullableArray(of: Assignment.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreatePartitionsRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.int32(count)
            writer.kafkaNullableArray(assignments, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension CreatePartitionsRequest {
    /// The replicas of one added partition.
    package struct Assignment: KafkaStructure {
        package var brokerIds: [Int32]

        package static let minimumSize = 2

        package init(brokerIds: [Int32]) {
            self.brokerIds = brokerIds
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreatePartitionsRequest.firstFlexible
            brokerIds = try reader.kafkaInt32Array(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreatePartitionsRequest.firstFlexible
            writer.kafkaInt32Array(brokerIds, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
