import Bytes

/// Adds partitions to the transaction of a producer, which begins with the first (KIP-98). Clients speak versions to 3;
/// later ones are between brokers.
package struct AddPartitionsToTxnRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.addPartitionsToTxn
    package static let firstFlexible: Int16 = 3

    package var transactionalId: String
    package var producerId: Int64
    package var producerEpoch: Int16
    package var topics: [Topic]

    package init(transactionalId: String, producerId: Int64, producerEpoch: Int16, topics: [Topic]) {
        self.transactionalId = transactionalId
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.topics = topics
    }
}

extension AddPartitionsToTxnRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= AddPartitionsToTxnRequest.firstFlexible
        transactionalId = try reader.kafkaString(flexible: flexible)
        producerId = try reader.int64()
        producerEpoch = try reader.int16()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= AddPartitionsToTxnRequest.firstFlexible
        writer.kafkaString(transactionalId, flexible: flexible)
        writer.int64(producerId)
        writer.int16(producerEpoch)
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension AddPartitionsToTxnRequest {
    package typealias Topic = KafkaTopicIndexes<AddPartitionsToTxnRequest>
}
