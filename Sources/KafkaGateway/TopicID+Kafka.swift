import Broker
import KafkaWire

extension TopicID {
    init(_ id: KafkaUUID) { self.init(high: id.high, low: id.low) }
}

extension KafkaUUID {
    init(_ id: TopicID) { self.init(high: id.high, low: id.low) }
}
