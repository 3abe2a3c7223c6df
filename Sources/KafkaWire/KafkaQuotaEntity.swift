import Bytes

/// One part of whom a quota is for (KIP-546). Laid out alike in all messages about quotas, which are flexible from 1.
package struct KafkaQuotaEntity: KafkaStructure, Hashable {
    /// "user", "client-id" or "ip".
    package var entityType: String
    /// nil stands for everybody who has no quota of his own.
    package var entityName: String?

    package static let minimumSize = 3

    package init(entityType: String, entityName: String?) {
        self.entityType = entityType
        self.entityName = entityName
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        entityType = try reader.kafkaString(flexible: version >= 1)
        entityName = try reader.kafkaNullableString(flexible: version >= 1)
        try reader.skipKafkaTaggedFields(flexible: version >= 1)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaString(entityType, flexible: version >= 1)
        writer.kafkaNullableString(entityName, flexible: version >= 1)
        writer.kafkaNoTaggedFields(flexible: version >= 1)
    }
}
