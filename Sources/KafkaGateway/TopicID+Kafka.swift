import Broker
import KafkaWire

extension TopicID {
    init(_ id: KafkaUUID) { self.init(high: id.high, low: id.low) }
}

extension KafkaUUID {
    init(_ id: TopicID) { self.init(high: id.high, low: id.low) }
}

extension Broker {
    /// The topic that a request names, or identifies. An id never stands for another topic than the one it was given
    /// to, so a consumer of a deleted topic is not served its namesake's records, and INCONSISTENT_TOPIC_ID, which
    /// Kafka keeps for a name and an id that do not belong together, cannot come up.
    func topicNumber(of topic: KafkaTopicRange) -> UInt32? {
        if let id = topic.id { topicNumber(id: TopicID(id)) } else { topicNumber(named: topic.nameText) }
    }
}

extension KafkaTopicRange {
    /// What is said of this topic when there is none.
    var unknown: KafkaErrorCode { id == nil ? .unknownTopicOrPartition : .unknownTopicId }
}
