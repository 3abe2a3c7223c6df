import Bytes

/// Asks for the state of transactional ids (KIP-664).
package struct DescribeTransactionsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeTransactions
    package static let firstFlexible: Int16 = 0

    package var transactionalIds: [String]

    package init(transactionalIds: [String]) {
        self.transactionalIds = transactionalIds
    }
}

extension DescribeTransactionsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        transactionalIds = try reader.kafkaStringArray(flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaStringArray(transactionalIds, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
