import Bytes

/// Asks for a producer id, to be idempotent or transactional with (KIP-98, KIP-360).
package struct InitProducerIdRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.initProducerId
    package static let firstFlexible: Int16 = 2

    /// nil for a producer that is only idempotent.
    package var transactionalId: String?
    /// Meaningful only with a transactional id.
    package var transactionTimeoutMs: Int32
    /// With `producerEpoch`, the identity to bump the epoch of (from version 3); -1 for none.
    package var producerId: Int64
    package var producerEpoch: Int16

    package init(
        transactionalId: String?, transactionTimeoutMs: Int32, producerId: Int64 = -1, producerEpoch: Int16 = -1
    ) {
        self.transactionalId = transactionalId
        self.transactionTimeoutMs = transactionTimeoutMs
        self.producerId = producerId
        self.producerEpoch = producerEpoch
    }
}

extension InitProducerIdRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= InitProducerIdRequest.firstFlexible
        transactionalId = try reader.kafkaNullableString(flexible: flexible)
        transactionTimeoutMs = try reader.int32()
        producerId = try version >= 3 ? reader.int64() : -1
        producerEpoch = try version >= 3 ? reader.int16() : -1
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= InitProducerIdRequest.firstFlexible
        writer.kafkaNullableString(transactionalId, flexible: flexible)
        writer.int32(transactionTimeoutMs)
        if version >= 3 {
            writer.int64(producerId)
            writer.int16(producerEpoch)
        }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
