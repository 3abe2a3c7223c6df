import Bytes

/// Asks for record batches. Topics are named up to version 12, by reference into the frame, and identified from 13
/// (KIP-516).
package struct FetchRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.fetch
    package static let firstFlexible: Int16 = 12
    /// First version with topic ids.
    static let firstWithIDs: Int16 = 13

    /// -1 for a consumer.
    package var replicaId: Int32
    /// From version 15 (KIP-903); -1 from a consumer.
    package var replicaEpoch: Int64
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
        replicaId: Int32 = -1, replicaEpoch: Int64 = -1, maxWaitMs: Int32, minBytes: Int32,
        maxBytes: Int32 = Int32.max, isolationLevel: Int8 = 0, sessionId: Int32 = 0, sessionEpoch: Int32 = -1,
        forgottenTopics: [ForgottenTopic] = [], rackId: String = "", clusterId: String? = nil
    ) {
        self.replicaId = replicaId
        self.replicaEpoch = replicaEpoch
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

    package mutating func append(topic name: ByteSlice, id: KafkaUUID? = nil, partitions added: [Partition]) {
        let range = partitions.count..<partitions.count + added.count
        topics.append(KafkaTopicRange(name: name, id: id, partitions: range))
        partitions += added
    }

    package var newestVersion: Int16 {
        topics.contains { $0.id == nil } ? Self.firstWithIDs - 1 : SupportedApis[.fetch].maximum
    }
}

extension FetchRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        replicaId = try version < 15 ? reader.int32() : -1
        replicaEpoch = -1
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
            case 1 where version >= 15:
                replicaId = try reader.int32()
                replicaEpoch = try reader.int64()
                try reader.skipKafkaTaggedFields(flexible: flexible)
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
            let name = try version < Self.firstWithIDs ? reader.kafkaStringSlice(flexible: flexible) : .empty
            let id = try version >= Self.firstWithIDs ? reader.kafkaUUID() : nil
            let first = partitions.count
            let count = try reader.kafkaCount(flexible: flexible, minimumSize: Partition.minimumSize)
            if first == 0 { partitions.reserveCapacity(min(count, 1024)) }
            for _ in 0..<count { partitions.append(try Partition(from: &reader, version: version)) }
            try reader.skipKafkaTaggedFields(flexible: flexible)
            topics.append(KafkaTopicRange(name: name, id: id, partitions: first..<partitions.count))
        }
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        if version < 15 { writer.int32(replicaId) }
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
            if version < Self.firstWithIDs { writer.kafkaString(topic.name, flexible: flexible) }
            if version >= Self.firstWithIDs { writer.kafkaUUID(topic.id ?? .zero) }
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
        if version >= 15, replicaId != -1 || replicaEpoch != -1 {
            tagged.add(1) { writer in
                writer.int32(replicaId)
                writer.int64(replicaEpoch)
                writer.kafkaNoTaggedFields(flexible: flexible)
            }
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
        /// Of a follower's log, from version 17 (KIP-853); zero from a consumer.
        package var replicaDirectoryId: KafkaUUID

        package static let minimumSize = 16

        package init(
            index: Int32, currentLeaderEpoch: Int32 = -1, fetchOffset: Int64, lastFetchedEpoch: Int32 = -1,
            logStartOffset: Int64 = -1, maxBytes: Int32, replicaDirectoryId: KafkaUUID = .zero
        ) {
            self.index = index
            self.currentLeaderEpoch = currentLeaderEpoch
            self.fetchOffset = fetchOffset
            self.lastFetchedEpoch = lastFetchedEpoch
            self.logStartOffset = logStartOffset
            self.maxBytes = maxBytes
            self.replicaDirectoryId = replicaDirectoryId
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            index = try reader.int32()
            currentLeaderEpoch = try version >= 9 ? reader.int32() : -1
            fetchOffset = try reader.int64()
            lastFetchedEpoch = try version >= 12 ? reader.int32() : -1
            logStartOffset = try version >= 5 ? reader.int64() : -1
            maxBytes = try reader.int32()
            replicaDirectoryId = .zero
            for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: version >= FetchRequest.firstFlexible)) {
                let field = try reader.beginKafkaTaggedField()
                switch field.tag {
                case 0 where version >= 17: replicaDirectoryId = try reader.kafkaUUID()
                default: try reader.skip(field.size)
                }
                try reader.endKafkaTaggedField(field)
            }
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(index)
            if version >= 9 { writer.int32(currentLeaderEpoch) }
            writer.int64(fetchOffset)
            if version >= 12 { writer.int32(lastFetchedEpoch) }
            if version >= 5 { writer.int64(logStartOffset) }
            writer.int32(maxBytes)
            if version >= 17, replicaDirectoryId != .zero {
                writer.kafkaTaggedFieldHeads(count: 1)
                writer.kafkaTaggedFieldHead(0, size: 16)
                writer.kafkaUUID(replicaDirectoryId)
            } else {
                writer.kafkaNoTaggedFields(flexible: version >= FetchRequest.firstFlexible)
            }
        }
    }

    package struct ForgottenTopic: KafkaStructure {
        package var name: ByteSlice
        /// Instead of the name from version 13.
        package var id: KafkaUUID
        package var partitions: [Int32]

        package static let minimumSize = 3

        package init(name: ByteSlice, id: KafkaUUID = .zero, partitions: [Int32]) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= FetchRequest.firstFlexible
            let hasID = version >= FetchRequest.firstWithIDs
            name = try hasID ? .empty : reader.kafkaStringSlice(flexible: flexible)
            id = try hasID ? reader.kafkaUUID() : .zero
            partitions = try reader.kafkaInt32Array(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= FetchRequest.firstFlexible
            if version < FetchRequest.firstWithIDs { writer.kafkaString(name, flexible: flexible) }
            if version >= FetchRequest.firstWithIDs { writer.kafkaUUID(id) }
            writer.kafkaInt32Array(partitions, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
