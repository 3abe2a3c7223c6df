import Bytes

/// Creates topics.
package struct CreateTopicsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.createTopics
    package static let firstFlexible: Int16 = 5

    package var topics: [Topic]
    package var timeoutMs: Int32
    /// Check only, change nothing.
    package var validateOnly: Bool

    package init(topics: [Topic], timeoutMs: Int32 = 60000, validateOnly: Bool = false) {
        self.topics = topics
        self.timeoutMs = timeoutMs
        self.validateOnly = validateOnly
    }
}

extension CreateTopicsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= CreateTopicsRequest.firstFlexible
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        timeoutMs = try reader.int32()
        validateOnly = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= CreateTopicsRequest.firstFlexible
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.int32(timeoutMs)
        writer.kafkaBool(validateOnly)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension CreateTopicsRequest {
    package struct Topic: KafkaStructure {
        package var name: String
        /// -1 takes the broker's default (KIP-464), or the count of `assignments`.
        package var numPartitions: Int32
        /// -1 takes the broker's default, or that of `assignments`.
        package var replicationFactor: Int16
        /// Replicas chosen by the client; empty leaves the choice to the broker.
        package var assignments: [Assignment]
        package var configs: [Config]

        package static let minimumSize = 10

        package init(
            name: String, numPartitions: Int32, replicationFactor: Int16, assignments: [Assignment],
            configs: [Config]
        ) {
            self.name = name
            self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor
            self.assignments = assignments
            self.configs = configs
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreateTopicsRequest.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            numPartitions = try reader.int32()
            replicationFactor = try reader.int16()
            assignments = try reader.kafkaArray(of: Assignment.self, version: version, flexible: flexible)
            configs = try reader.kafkaArray(of: Config.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreateTopicsRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.int32(numPartitions)
            writer.int16(replicationFactor)
            writer.kafkaArray(assignments, version: version, flexible: flexible)
            writer.kafkaArray(configs, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension CreateTopicsRequest {
    /// The replicas of one partition, the preferred leader first.
    package struct Assignment: KafkaStructure {
        package var partitionIndex: Int32
        package var brokerIds: [Int32]

        package static let minimumSize = 6

        package init(partitionIndex: Int32, brokerIds: [Int32]) {
            self.partitionIndex = partitionIndex
            self.brokerIds = brokerIds
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreateTopicsRequest.firstFlexible
            partitionIndex = try reader.int32()
            brokerIds = try reader.kafkaInt32Array(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreateTopicsRequest.firstFlexible
            writer.int32(partitionIndex)
            writer.kafkaInt32Array(brokerIds, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension CreateTopicsRequest {
    package typealias Config = KafkaConfigSetting<CreateTopicsRequest>
}
