import Bytes

/// What became of the batches of a produce request, in the request's order.
package struct ProduceResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.produce
    package static let firstFlexible: Int16 = 9

    package private(set) var topics: [KafkaTopicRange] = []
    /// The partitions of all topics, in topic order.
    package private(set) var partitions: [Partition] = []
    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    /// Where the leaders named by the partitions are (from version 10).
    package var nodeEndpoints: [KafkaNodeEndpoint]

    package init(throttleTimeMs: Int32 = 0, nodeEndpoints: [KafkaNodeEndpoint] = []) {
        self.throttleTimeMs = throttleTimeMs
        self.nodeEndpoints = nodeEndpoints
    }

    package mutating func append(topic name: ByteSlice, partitions added: [Partition]) {
        topics.append(KafkaTopicRange(name: name, partitions: partitions.count..<partitions.count + added.count))
        partitions += added
    }
}

extension ProduceResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        self.init()
        let topicCount = try reader.kafkaCount(flexible: flexible, minimumSize: flexible ? 3 : 6)
        for _ in 0..<topicCount {
            let name = try reader.kafkaStringSlice(flexible: flexible)
            let first = partitions.count
            let count = try reader.kafkaCount(flexible: flexible, minimumSize: Partition.minimumSize)
            for _ in 0..<count { partitions.append(try Partition(from: &reader, version: version)) }
            try reader.skipKafkaTaggedFields(flexible: flexible)
            topics.append(KafkaTopicRange(name: name, partitions: first..<partitions.count))
        }
        throttleTimeMs = try reader.int32()
        for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
            let field = try reader.beginKafkaTaggedField()
            switch field.tag {
            case 0 where version >= 10:
                nodeEndpoints = try reader.kafkaArray(of: KafkaNodeEndpoint.self, version: version, flexible: true)
            default: try reader.skip(field.size)
            }
            try reader.endKafkaTaggedField(field)
        }
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        writer.kafkaCount(topics.count, flexible: flexible)
        for topic in topics {
            writer.kafkaString(topic.name, flexible: flexible)
            writer.kafkaCount(topic.partitions.count, flexible: flexible)
            for partition in partitions[topic.partitions] { partition.encode(into: &writer, version: version) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
        writer.int32(throttleTimeMs)
        if version < 10 || nodeEndpoints.isEmpty {
            writer.kafkaNoTaggedFields(flexible: flexible)
        } else {
            var tagged = KafkaTaggedFields()
            tagged.add(0) { $0.kafkaArray(nodeEndpoints, version: version, flexible: true) }
            tagged.encode(into: &writer)
        }
    }

    /// Appends a whole response frame for one partition: the usual case of a producer, without arrays.
    package static func encodeFrame(
        into writer: inout ByteWriter, version: Int16, correlationId: Int32, topic: ByteSlice, partition: Partition,
        throttleTimeMs: Int32 = 0
    ) {
        let flexible = version >= firstFlexible
        let start = KafkaFrame.beginResponse(.produce, version: version, correlationId: correlationId, into: &writer)
        writer.kafkaCount(1, flexible: flexible)
        writer.kafkaString(topic, flexible: flexible)
        writer.kafkaCount(1, flexible: flexible)
        partition.encode(into: &writer, version: version)
        writer.kafkaNoTaggedFields(flexible: flexible)
        writer.int32(throttleTimeMs)
        writer.kafkaNoTaggedFields(flexible: flexible)
        KafkaFrame.end(start, in: &writer)
    }
}
