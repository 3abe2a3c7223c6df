import Bytes

/// Record batches to append. Names and records refer to the frame.
package struct ProduceRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.produce
    package static let firstFlexible: Int16 = 9

    /// nil unless the batches belong to a transaction.
    package var transactionalId: String?
    /// 0 wants no response at all, 1 the leader's write, -1 the write of all in-sync replicas.
    package var acks: Int16
    package var timeoutMs: Int32
    package private(set) var topics: [KafkaTopicRange] = []
    /// The partitions of all topics, in topic order.
    package private(set) var partitions: [Partition] = []

    package init(transactionalId: String? = nil, acks: Int16, timeoutMs: Int32) {
        self.transactionalId = transactionalId
        self.acks = acks
        self.timeoutMs = timeoutMs
    }

    package mutating func append(topic name: ByteSlice, partitions added: [Partition]) {
        topics.append(KafkaTopicRange(name: name, partitions: partitions.count..<partitions.count + added.count))
        partitions += added
    }
}

extension ProduceRequest {
    package struct Partition: Equatable, Sendable {
        package var index: Int32
        /// Record batches laid end to end; nil is what Kafka refuses as an invalid request.
        package var records: ByteSlice?

        package init(index: Int32, records: ByteSlice?) {
            self.index = index
            self.records = records
        }
    }
}

extension ProduceRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        transactionalId = try reader.kafkaNullableString(flexible: flexible)
        acks = try reader.int16()
        timeoutMs = try reader.int32()
        let topicCount = try reader.kafkaCount(flexible: flexible, minimumSize: flexible ? 3 : 6)
        topics.reserveCapacity(min(topicCount, 64))
        for _ in 0..<topicCount {
            let name = try reader.kafkaStringSlice(flexible: flexible)
            let first = partitions.count
            let count = try reader.kafkaCount(flexible: flexible, minimumSize: flexible ? 6 : 8)
            if first == 0 { partitions.reserveCapacity(min(count, 1024)) }
            for _ in 0..<count {
                let index = try reader.int32()
                let records = try reader.kafkaNullableBytes(flexible: flexible)
                try reader.skipKafkaTaggedFields(flexible: flexible)
                partitions.append(Partition(index: index, records: records))
            }
            try reader.skipKafkaTaggedFields(flexible: flexible)
            topics.append(KafkaTopicRange(name: name, partitions: first..<partitions.count))
        }
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        writer.kafkaNullableString(transactionalId, flexible: flexible)
        writer.int16(acks)
        writer.int32(timeoutMs)
        writer.kafkaCount(topics.count, flexible: flexible)
        for topic in topics {
            writer.kafkaString(topic.name, flexible: flexible)
            writer.kafkaCount(topic.partitions.count, flexible: flexible)
            for partition in partitions[topic.partitions] {
                writer.int32(partition.index)
                writer.kafkaNullableBytes(partition.records, flexible: flexible)
                writer.kafkaNoTaggedFields(flexible: flexible)
            }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
