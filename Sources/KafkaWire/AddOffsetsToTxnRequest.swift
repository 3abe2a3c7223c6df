import Bytes

/// Announces that a transaction will commit offsets of a group (KIP-98).
package struct AddOffsetsToTxnRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.addOffsetsToTxn
    package static let firstFlexible: Int16 = 3

    package var transactionalId: String
    package var producerId: Int64
    package var producerEpoch: Int16
    package var groupId: String

    package init(transactionalId: String, producerId: Int64, producerEpoch: Int16, groupId: String) {
        self.transactionalId = transactionalId
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.groupId = groupId
    }
}

extension AddOffsetsToTxnRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= AddOffsetsToTxnRequest.firstFlexible
        transactionalId = try reader.kafkaString(flexible: flexible)
        producerId = try reader.int64()
        producerEpoch = try reader.int16()
        groupId = try reader.kafkaString(flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= AddOffsetsToTxnRequest.firstFlexible
        writer.kafkaString(transactionalId, flexible: flexible)
        writer.int64(producerId)
        writer.int16(producerEpoch)
        writer.kafkaString(groupId, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
