import Bytes

/// Commits or aborts a transaction (KIP-98).
package struct EndTxnRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.endTxn
    package static let firstFlexible: Int16 = 3

    package var transactionalId: String
    package var producerId: Int64
    package var producerEpoch: Int16
    package var committed: Bool

    package init(transactionalId: String, producerId: Int64, producerEpoch: Int16, committed: Bool) {
        self.transactionalId = transactionalId
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.committed = committed
    }
}

extension EndTxnRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= EndTxnRequest.firstFlexible
        transactionalId = try reader.kafkaString(flexible: flexible)
        producerId = try reader.int64()
        producerEpoch = try reader.int16()
        committed = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= EndTxnRequest.firstFlexible
        writer.kafkaString(transactionalId, flexible: flexible)
        writer.int64(producerId)
        writer.int16(producerEpoch)
        writer.kafkaBool(committed)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
