import Bytes

/// Asks for leaders to be elected anew (KIP-183, KIP-460).
package struct ElectLeadersRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.electLeaders
    package static let firstFlexible: Int16 = 2

    /// 0 the preferred replica; 1 any live one if none is in sync.
    package var electionType: Int8
    /// nil asks for all.
    package var topicPartitions: [Topic]?
    package var timeoutMs: Int32

    package init(electionType: Int8 = 0, topicPartitions: [Topic]?, timeoutMs: Int32 = 60000) {
        self.electionType = electionType
        self.topicPartitions = topicPartitions
        self.timeoutMs = timeoutMs
    }
}

extension ElectLeadersRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ElectLeadersRequest.firstFlexible
        electionType = try version >= 1 ? reader.int8() : 0
        topicPartitions = try reader.kafkaNullableArray(of: Topic.self, version: version, flexible: flexible)
        timeoutMs = try reader.int32()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ElectLeadersRequest.firstFlexible
        if version >= 1 { writer.int8(electionType) }
        writer.kafkaNullableArray(topicPartitions, version: version, flexible: flexible)
        writer.int32(timeoutMs)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ElectLeadersRequest {
    package typealias Topic = KafkaTopicIndexes<ElectLeadersRequest>
}
