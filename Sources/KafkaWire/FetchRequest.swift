import Bytes

/// Asks for record batches. Names refer to the frame.
package struct FetchRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.fetch
    package static let firstFlexible: Int16 = 12

    /// -1 for a consumer.
    package var replicaId: Int32
    /// How long to wait for `minBytes`, in milliseconds.
    package var maxWaitMs: Int32
    package var minBytes: Int32
    /// Of the whole response; the first batch is returned even when it is larger.
    package var maxBytes: Int32
    /// 0 reads uncommitted records, 1 only committed ones.
    package var isolationLevel: Int8
    /// 0 outside a fetch session (KIP-227).
    package var sessionId: Int32
    /// 0 opens a session, -1 wants none or ends it.
    package var sessionEpoch: Int32
    package private(set) var topics: [KafkaTopicRange] = []
    /// The partitions of all topics, in topic order.
    package private(set) var partitions: [Partition] = []
    /// What an incremental request takes out of the session.
    package var forgottenTopics: [ForgottenTopic]
    package var rackId: String
    /// For replicas of a KRaft controller; nil from a consumer.
    package var clusterId: String?

    package init(
        replicaId: Int32 = -1, maxWaitMs: Int32, minBytes: Int32, maxBytes: Int32 = Int32.max,
        isolationLevel: Int8 = 0, sessionId: Int32 = 0, sessionEpoch: Int32 = -1,
        forgottenTopics: [ForgottenTopic] = [], rackId: String = "", clusterId: String? = nil
    ) {
        self.replicaId = replicaId
        self.maxWaitMs = maxWaitMs
        self.minBytes = minBytes
        self.maxBytes = maxBytes
        self.isolationLevel = isolationLevel
        self.sessionId = sessionId
        self.sessionEpoch = sessionEpoch
        self.forgottenTopics = forgottenTopics
        self.rackId = rackId
        self.clusterId = clusterId
    }

    package mutating func append(topic name: ByteSlice, partitions added: [Partition]) {
        topics.append(KafkaTopicRange(name: name, partitions: partitions.count..<partitions.count + added.count))
        partitions += added
    }
}

extension FetchRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        replicaId = try reader.int32()
        maxWaitMs = try reader.int32()
        minBytes = try reader.int32()
        maxBytes = try reader.int32()
        isolationLevel = try reader.int8()
        sessionId = try version >= 7 ? reader.int32() : 0
        sessionEpoch = try version >= 7 ? reader.int32() : -1
        forgottenTopics = []
        rackId = ""
        try decodeTopics(from: &reader, version: version)
        if version >= 7 {
            forgottenTopics = try reader.kafkaArray(of: ForgottenTopic.self, version: version, flexible: flexible)
        }
        if version >= 11 { rackId = try reader.kafkaString(flexible: flexible) }
        for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
            let field = try reader.beginKafkaTaggedField()
            switch field.tag {
            case 0: clusterId = try reader.kafkaNullableString(flexible: flexible)
            default: try reader.skip(field.size)
            }
            try reader.endKafkaTaggedField(field)
        }
    }

    private mutating func decodeTopics(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        let topicCount = try reader.kafkaCount(flexible: flexible, minimumSize: flexible ? 3 : 6)
        topics.reserveCapacity(min(topicCount, 64))
        for _ in 0..<topicCount {
            let name = try reader.kafkaStringSlice(flexible: flexible)
            let first = partitions.count
            let count = try reader.kafkaCount(flexible: flexible, minimumSize: Partition.minimumSize)
            if first == 0 { partitions.reserveCapacity(min(count, 1024)) }
            for _ in 0..<count { partitions.append(try Partition(from: &reader, version: version)) }
            try reader.skipKafkaTaggedFields(flexible: flexible)
            topics.append(KafkaTopicRange(name: name, partitions: first..<partitions.count))
        }
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        writer.int32(replicaId)
        writer.int32(maxWaitMs)
        writer.int32(minBytes)
        writer.int32(maxBytes)
        writer.int8(isolationLevel)
        if version >= 7 {
            writer.int32(sessionId)
            writer.int32(sessionEpoch)
        }
        writer.kafkaCount(topics.count, flexible: flexible)
        for topic in topics {
            writer.kafkaString(topic.name, flexible: flexible)
            writer.kafkaCount(topic.partitions.count, flexible: flexible)
            for partition in partitions[topic.partitions] { partition.encode(into: &writer, version: version) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
        if version >= 7 { writer.kafkaArray(forgottenTopics, version: version, flexible: flexible) }
        if version >= 11 { writer.kafkaString(rackId, flexible: flexible) }
        var tagged = KafkaTaggedFields()
        if let clusterId {
            tagged.add(0) { $0.kafkaString(clusterId, flexible: flexible) }
        }
        writer.kafkaTaggedFields(tagged, flexible: flexible)
    }
}

extension FetchRequest {
    package struct Partition: KafkaStructure {
        package var index: Int32
        /// For fencing; -1 when the client does not know it.
        package var currentLeaderEpoch: Int32
        package var fetchOffset: Int64
        /// Of the last record the client has, to find out whether the log was truncated; -1 when it has none.
        package var lastFetchedEpoch: Int32
        /// Of a follower's log; -1 from a consumer.
        package var logStartOffset: Int64
        package var maxBytes: Int32

        package static let minimumSize = 16

        package init(
            index: Int32, currentLeaderEpoch: Int32 = -1, fetchOffset: Int64, lastFetchedEpoch: Int32 = -1,
            logStartOffset: Int64 = -1, maxBytes: Int32
        ) {
            self.index = index
            self.currentLeaderEpoch = currentLeaderEpoch
            self.fetchOffset = fetchOffset
            self.lastFetchedEpoch = lastFetchedEpoch
            self.logStartOffset = logStartOffset
            self.maxBytes = maxBytes
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            index = try reader.int32()
            currentLeaderEpoch = try version >= 9 ? reader.int32() : -1
            fetchOffset = try reader.int64()
            lastFetchedEpoch = try version >= 12 ? reader.int32() : -1
            logStartOffset = try version >= 5 ? reader.int64() : -1
            maxBytes = try reader.int32()
            try reader.skipKafkaTaggedFields(flexible: version >= FetchRequest.firstFlexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(index)
            if version >= 9 { writer.int32(currentLeaderEpoch) }
            writer.int64(fetchOffset)
            if version >= 12 { writer.int32(lastFetchedEpoch) }
            if version >= 5 { writer.int64(logStartOffset) }
            writer.int32(maxBytes)
            writer.kafkaNoTaggedFields(flexible: version >= FetchRequest.firstFlexible)
        }
    }

    package struct ForgottenTopic: KafkaStructure {
        package var name: ByteSlice
        package var partitions: [Int32]

        package static let minimumSize = 3

        package init(name: ByteSlice, partitions: [Int32]) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= FetchRequest.firstFlexible
            name = try reader.kafkaStringSlice(flexible: flexible)
            partitions = try reader.kafkaInt32Array(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= FetchRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaInt32Array(partitions, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
