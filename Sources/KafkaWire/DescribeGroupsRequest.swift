import Bytes

/// Asks for the state and the members of some groups.
package struct DescribeGroupsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeGroups
    package static let firstFlexible: Int16 = 5

    package var groups: [String]
    package var includeAuthorizedOperations: Bool

    package init(groups: [String], includeAuthorizedOperations: Bool = false) {
        self.groups = groups
        self.includeAuthorizedOperations = includeAuthorizedOperations
    }
}

extension DescribeGroupsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeGroupsRequest.firstFlexible
        groups = try reader.kafkaStringArray(flexible: flexible)
        includeAuthorizedOperations = try version >= 3 ? reader.kafkaBool() : false
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeGroupsRequest.firstFlexible
        writer.kafkaStringArray(groups, flexible: flexible)
        if version >= 3 { writer.kafkaBool(includeAuthorizedOperations) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
