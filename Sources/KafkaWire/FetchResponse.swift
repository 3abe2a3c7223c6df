import Bytes

/// Record batches, in the order of the request. Encoded for sending by `segments`, so that record data is never copied.
package struct FetchResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.fetch
    package static let firstFlexible: Int16 = 12

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    /// Of the whole request; from version 7.
    package var errorCode: KafkaErrorCode
    /// 0 keeps the client from using fetch sessions (KIP-227).
    package var sessionId: Int32
    package private(set) var topics: [KafkaTopicRange] = []
    /// The partitions of all topics, in topic order.
    package private(set) var partitions: [Partition] = []
    /// Where the leaders named by partitions can be reached (from version 16, KIP-951).
    package var nodeEndpoints: [KafkaNodeEndpoint]

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, sessionId: Int32 = 0,
        nodeEndpoints: [KafkaNodeEndpoint] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.nodeEndpoints = nodeEndpoints
        self.errorCode = errorCode
        self.sessionId = sessionId
    }

    package mutating func append(topic name: ByteSlice, id: KafkaUUID? = nil, partitions added: [Partition]) {
        let range = partitions.count..<partitions.count + added.count
        topics.append(KafkaTopicRange(name: name, id: id, partitions: range))
        partitions += added
    }
}

extension FetchResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try version >= 7 ? reader.kafkaErrorCode() : .none
        sessionId = try version >= 7 ? reader.int32() : 0
        nodeEndpoints = []
        let topicCount = try reader.kafkaCount(flexible: flexible, minimumSize: flexible ? 3 : 6)
        for _ in 0..<topicCount {
            let hasID = version >= FetchRequest.firstWithIDs
            let name = try hasID ? .empty : reader.kafkaStringSlice(flexible: flexible)
            let id = try hasID ? reader.kafkaUUID() : nil
            let first = partitions.count
            let count = try reader.kafkaCount(flexible: flexible, minimumSize: Partition.minimumSize)
            for _ in 0..<count { partitions.append(try Partition(from: &reader, version: version)) }
            try reader.skipKafkaTaggedFields(flexible: flexible)
            topics.append(KafkaTopicRange(name: name, id: id, partitions: first..<partitions.count))
        }
        for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
            let field = try reader.beginKafkaTaggedField()
            switch field.tag {
            case 0 where version >= 16:
                nodeEndpoints = try reader.kafkaArray(of: KafkaNodeEndpoint.self, version: version, flexible: true)
            default: try reader.skip(field.size)
            }
            try reader.endKafkaTaggedField(field)
        }
    }

    /// Encodes in one piece, records included; every partition's records must be in memory.
    package func encode(into writer: inout ByteWriter, version: Int16) {
        encode(into: &writer, version: version) { writer, ordinal in
            switch partitions[ordinal].records {
            case .null: break
            case .inline(let records): writer.bytes(records)
            case .external(let count): preconditionFailure("partition \(ordinal): \(count) bytes are not in memory")
            }
        }
    }

    /// The whole response frame, length prefix included, as pieces to send one after the other. All that is not record
    /// data lies in one allocation; record data that is in memory is referred to.
    package func segments(version: Int16, correlationId: Int32) -> [FetchSegment] {
        var writer = ByteWriter(capacity: 64 + topics.count * 64 + partitions.count * 80)
        let start = KafkaFrame.beginResponse(.fetch, version: version, correlationId: correlationId, into: &writer)
        var cuts: [(position: Int, ordinal: Int)] = []
        cuts.reserveCapacity(partitions.count)
        var external = 0
        encode(into: &writer, version: version) { writer, ordinal in
            let count = partitions[ordinal].records.count ?? 0
            if count == 0 { return }
            cuts.append((writer.count, ordinal))
            external += count
        }
        KafkaFrame.end(start, external: external, in: &writer)
        let fixed = writer.finish()
        var segments: [FetchSegment] = []
        segments.reserveCapacity(cuts.count * 2 + 1)
        var sent = 0
        for cut in cuts {
            segments.append(.bytes(fixed.slice(sent, cut.position - sent)))
            sent = cut.position
            switch partitions[cut.ordinal].records {
            case .null: break
            case .inline(let records): segments.append(.bytes(records))
            case .external(let count): segments.append(.records(partition: cut.ordinal, count: count))
            }
        }
        if sent < fixed.count { segments.append(.bytes(fixed.dropFirst(sent))) }
        return segments
    }

    /// `records` is called where the records of a partition belong, after their length.
    private func encode(
        into writer: inout ByteWriter, version: Int16, records: (inout ByteWriter, _ ordinal: Int) -> Void
    ) {
        let flexible = version >= Self.firstFlexible
        writer.int32(throttleTimeMs)
        if version >= 7 {
            writer.kafkaErrorCode(errorCode)
            writer.int32(sessionId)
        }
        writer.kafkaCount(topics.count, flexible: flexible)
        for topic in topics {
            if version < FetchRequest.firstWithIDs { writer.kafkaString(topic.name, flexible: flexible) }
            if version >= FetchRequest.firstWithIDs { writer.kafkaUUID(topic.id ?? .zero) }
            writer.kafkaCount(topic.partitions.count, flexible: flexible)
            for ordinal in topic.partitions {
                partitions[ordinal].encodeBeforeRecords(into: &writer, version: version)
                records(&writer, ordinal)
                partitions[ordinal].encodeAfterRecords(into: &writer, version: version)
            }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
        var tagged = KafkaTaggedFields()
        if version >= 16, !nodeEndpoints.isEmpty {
            tagged.add(0) { $0.kafkaArray(nodeEndpoints, version: version, flexible: true) }
        }
        writer.kafkaTaggedFields(tagged, flexible: flexible)
    }
}
