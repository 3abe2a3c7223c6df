import Bytes

/// Asks for the state and the members of some groups of the consumer protocol (KIP-848).
package struct ConsumerGroupDescribeRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.consumerGroupDescribe
    package static let firstFlexible: Int16 = 0

    package var groupIds: [String]
    package var includeAuthorizedOperations: Bool

    package init(groupIds: [String], includeAuthorizedOperations: Bool = false) {
        self.groupIds = groupIds
        self.includeAuthorizedOperations = includeAuthorizedOperations
    }
}

extension ConsumerGroupDescribeRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        groupIds = try reader.kafkaStringArray(flexible: true)
        includeAuthorizedOperations = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaStringArray(groupIds, flexible: true)
        writer.kafkaBool(includeAuthorizedOperations)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
