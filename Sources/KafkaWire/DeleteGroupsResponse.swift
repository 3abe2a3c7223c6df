import Bytes

/// What became of each group to delete.
package struct DeleteGroupsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.deleteGroups
    package static let firstFlexible: Int16 = 2

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var results: [Group]

    package init(throttleTimeMs: Int32 = 0, results: [Group]) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }
}

extension DeleteGroupsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DeleteGroupsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        results = try reader.kafkaArray(of: Group.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DeleteGroupsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(results, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DeleteGroupsResponse {
    package struct Group: KafkaStructure {
        package var groupId: String
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 4

        package init(groupId: String, errorCode: KafkaErrorCode = .none) {
            self.groupId = groupId
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DeleteGroupsResponse.firstFlexible
            groupId = try reader.kafkaString(flexible: flexible)
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DeleteGroupsResponse.firstFlexible
            writer.kafkaString(groupId, flexible: flexible)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
