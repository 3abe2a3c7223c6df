import Bytes

extension ConsumerGroupDescribeResponse {
    package struct Member: KafkaStructure {
        package var memberId: String
        package var instanceId: String?
        package var rackId: String?
        package var memberEpoch: Int32
        package var clientId: String
        package var clientHost: String
        package var subscribedTopicNames: [String]
        package var subscribedTopicRegex: String?
        /// What it has.
        package var assignment: [TopicPartitions]
        /// What it is to have.
        package var targetAssignment: [TopicPartitions]
        /// From version 1: 0 for the classic protocol, 1 for the consumer protocol; -1 when not known.
        package var memberType: Int8

        package static let minimumSize = 18

        package init(
            memberId: String, instanceId: String? = nil, rackId: String? = nil, memberEpoch: Int32, clientId: String,
            clientHost: String, subscribedTopicNames: [String], subscribedTopicRegex: String? = nil,
            assignment: [TopicPartitions], targetAssignment: [TopicPartitions], memberType: Int8 = -1
        ) {
            self.memberId = memberId
            self.instanceId = instanceId
            self.rackId = rackId
            self.memberEpoch = memberEpoch
            self.clientId = clientId
            self.clientHost = clientHost
            self.subscribedTopicNames = subscribedTopicNames
            self.subscribedTopicRegex = subscribedTopicRegex
            self.assignment = assignment
            self.targetAssignment = targetAssignment
            self.memberType = memberType
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            memberId = try reader.kafkaString(flexible: true)
            instanceId = try reader.kafkaNullableString(flexible: true)
            rackId = try reader.kafkaNullableString(flexible: true)
            memberEpoch = try reader.int32()
            clientId = try reader.kafkaString(flexible: true)
            clientHost = try reader.kafkaString(flexible: true)
            subscribedTopicNames = try reader.kafkaStringArray(flexible: true)
            subscribedTopicRegex = try reader.kafkaNullableString(flexible: true)
            assignment = try Self.assignment(from: &reader, version: version)
            targetAssignment = try Self.assignment(from: &reader, version: version)
            memberType = try version >= 1 ? reader.int8() : -1
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(memberId, flexible: true)
            writer.kafkaNullableString(instanceId, flexible: true)
            writer.kafkaNullableString(rackId, flexible: true)
            writer.int32(memberEpoch)
            writer.kafkaString(clientId, flexible: true)
            writer.kafkaString(clientHost, flexible: true)
            writer.kafkaStringArray(subscribedTopicNames, flexible: true)
            writer.kafkaNullableString(subscribedTopicRegex, flexible: true)
            for part in [assignment, targetAssignment] {
                writer.kafkaArray(part, version: version, flexible: true)
                writer.kafkaNoTaggedFields(flexible: true)
            }
            if version >= 1 { writer.int8(memberType) }
            writer.kafkaNoTaggedFields(flexible: true)
        }

        /// A structure with nothing but the list.
        private static func assignment(
            from reader: inout ByteReader, version: Int16
        ) throws(DecodeError) -> [TopicPartitions] {
            let topics = try reader.kafkaArray(of: TopicPartitions.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
            return topics
        }
    }

    package struct TopicPartitions: KafkaStructure {
        package var topicId: KafkaUUID
        package var topicName: String
        package var partitions: [Int32]

        package static let minimumSize = 19

        package init(topicId: KafkaUUID, topicName: String, partitions: [Int32]) {
            self.topicId = topicId
            self.topicName = topicName
            self.partitions = partitions
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            topicId = try reader.kafkaUUID()
            topicName = try reader.kafkaString(flexible: true)
            partitions = try reader.kafkaInt32Array(flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaUUID(topicId)
            writer.kafkaString(topicName, flexible: true)
            writer.kafkaInt32Array(partitions, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
