import Bytes

/// Asks for the groups there are.
package struct ListGroupsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.listGroups
    package static let firstFlexible: Int16 = 3

    /// States to list; empty for all (KIP-518).
    package var statesFilter: [String]
    /// Types to list; empty for all (KIP-848).
    package var typesFilter: [String]

    package init(statesFilter: [String] = [], typesFilter: [String] = []) {
        self.statesFilter = statesFilter
        self.typesFilter = typesFilter
    }
}

extension ListGroupsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ListGroupsRequest.firstFlexible
        statesFilter = try version >= 4 ? reader.kafkaStringArray(flexible: flexible) : []
        typesFilter = try version >= 5 ? reader.kafkaStringArray(flexible: flexible) : []
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ListGroupsRequest.firstFlexible
        if version >= 4 { writer.kafkaStringArray(statesFilter, flexible: flexible) }
        if version >= 5 { writer.kafkaStringArray(typesFilter, flexible: flexible) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
