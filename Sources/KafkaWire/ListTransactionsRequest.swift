import Bytes

/// Asks for the transactional ids there are (KIP-664).
package struct ListTransactionsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.listTransactions
    package static let firstFlexible: Int16 = 0

    /// States to list; empty for all.
    package var stateFilters: [String]
    /// Producers to list; empty for all.
    package var producerIdFilters: [Int64]
    /// Lists only what has been open for longer, in milliseconds; -1 for all (KIP-994).
    package var durationFilter: Int64
    /// A regular expression; nil or empty for all (KIP-1152).
    package var transactionalIdPattern: String?

    package init(
        stateFilters: [String], producerIdFilters: [Int64], durationFilter: Int64 = -1,
        transactionalIdPattern: String? = nil
    ) {
        self.stateFilters = stateFilters
        self.producerIdFilters = producerIdFilters
        self.durationFilter = durationFilter
        self.transactionalIdPattern = transactionalIdPattern
    }
}

extension ListTransactionsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        stateFilters = try reader.kafkaStringArray(flexible: true)
        producerIdFilters = try reader.kafkaInt64Array(flexible: true)
        durationFilter = try version >= 1 ? reader.int64() : -1
        transactionalIdPattern = try version >= 2 ? reader.kafkaNullableString(flexible: true) : nil
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaStringArray(stateFilters, flexible: true)
        writer.kafkaInt64Array(producerIdFilters, flexible: true)
        if version >= 1 { writer.int64(durationFilter) }
        if version >= 2 { writer.kafkaNullableString(transactionalIdPattern, flexible: true) }
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
