import Bytes

/// Deletes groups without members.
package struct DeleteGroupsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.deleteGroups
    package static let firstFlexible: Int16 = 2

    package var groupsNames: [String]

    package init(groupsNames: [String]) {
        self.groupsNames = groupsNames
    }
}

extension DeleteGroupsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DeleteGroupsRequest.firstFlexible
        groupsNames = try reader.kafkaStringArray(flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DeleteGroupsRequest.firstFlexible
        writer.kafkaStringArray(groupsNames, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
