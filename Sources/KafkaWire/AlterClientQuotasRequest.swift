import Bytes

/// Sets and removes quotas (KIP-546).
package struct AlterClientQuotasRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.alterClientQuotas
    package static let firstFlexible: Int16 = 1

    package var entries: [Entry]
    /// Check only, change nothing.
    package var validateOnly: Bool

    package init(entries: [Entry], validateOnly: Bool = false) {
        self.entries = entries
        self.validateOnly = validateOnly
    }
}

extension AlterClientQuotasRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= AlterClientQuotasRequest.firstFlexible
        entries = try reader.kafkaArray(of: Entry.self, version: version, flexible: flexible)
        validateOnly = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= AlterClientQuotasRequest.firstFlexible
        writer.kafkaArray(entries, version: version, flexible: flexible)
        writer.kafkaBool(validateOnly)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension AlterClientQuotasRequest {
    package struct Entry: KafkaStructure {
        package var entity: [KafkaQuotaEntity]
        package var operations: [Operation]

        package static let minimumSize = 2

        package init(entity: [KafkaQuotaEntity], operations: [Operation]) {
            self.entity = entity
            self.operations = operations
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= AlterClientQuotasRequest.firstFlexible
            entity = try reader.kafkaArray(of: KafkaQuotaEntity.self, version: version, flexible: flexible)
            operations = try reader.kafkaArray(of: Operation.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= AlterClientQuotasRequest.firstFlexible
            writer.kafkaArray(entity, version: version, flexible: flexible)
            writer.kafkaArray(operations, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }

    package struct Operation: KafkaStructure {
        package var key: String
        /// The bits of a floating-point number of 64 bits (IEEE 754).
        package var valueBits: UInt64
        /// Whatever the value.
        package var remove: Bool

        package static let minimumSize = 10

        package init(key: String, valueBits: UInt64, remove: Bool = false) {
            self.key = key
            self.valueBits = valueBits
            self.remove = remove
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= AlterClientQuotasRequest.firstFlexible
            key = try reader.kafkaString(flexible: flexible)
            valueBits = try reader.uint64()
            remove = try reader.kafkaBool()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= AlterClientQuotasRequest.firstFlexible
            writer.kafkaString(key, flexible: flexible)
            writer.uint64(valueBits)
            writer.kafkaBool(remove)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
