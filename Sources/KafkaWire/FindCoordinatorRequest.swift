import Bytes

/// Asks which broker coordinates some groups or transactions. Below version 4 there is exactly one key.
package struct FindCoordinatorRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.findCoordinator
    package static let firstFlexible: Int16 = 3

    /// 0 group, 1 transactional id, 2 share partition (from version 6); always 0 in version 0.
    package var keyType: Int8
    /// Group ids, transactional ids, or "group:topic id:partition".
    package var coordinatorKeys: [String]

    package init(keyType: Int8 = 0, coordinatorKeys: [String]) {
        self.keyType = keyType
        self.coordinatorKeys = coordinatorKeys
    }
}

extension FindCoordinatorRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        coordinatorKeys = version <= 3 ? [try reader.kafkaString(flexible: flexible)] : []
        keyType = try version >= 1 ? reader.int8() : 0
        if version >= 4 { coordinatorKeys = try reader.kafkaStringArray(flexible: flexible) }
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        if version <= 3 {
            precondition(coordinatorKeys.count == 1, "version \(version) asks for one key, not \(coordinatorKeys)")
            writer.kafkaString(coordinatorKeys[0], flexible: flexible)
        }
        if version >= 1 { writer.int8(keyType) }
        if version >= 4 { writer.kafkaStringArray(coordinatorKeys, flexible: flexible) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
