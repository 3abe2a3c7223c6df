import Bytes

extension FetchResponse {
    /// The records of one partition.
    package enum Records: Equatable, Sendable {
        /// No record field at all; brokers send an empty one instead.
        case null
        case inline(ByteSlice)
        /// `count` bytes that the sender takes from where they are stored; never decoded.
        case external(count: Int)

        package static let empty = Records.inline(.empty)

        /// Bytes; nil for null.
        package var count: Int? {
            switch self {
            case .null: nil
            case .inline(let slice): slice.count
            case .external(let count): count
            }
        }
    }

    /// The records of a transaction that was aborted: those of this producer from this offset on.
    package struct AbortedTransaction: KafkaStructure {
        package var producerId: Int64
        package var firstOffset: Int64

        package static let minimumSize = 16

        package init(producerId: Int64, firstOffset: Int64) {
            self.producerId = producerId
            self.firstOffset = firstOffset
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            producerId = try reader.int64()
            firstOffset = try reader.int64()
            try reader.skipKafkaTaggedFields(flexible: version >= FetchResponse.firstFlexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int64(producerId)
            writer.int64(firstOffset)
            writer.kafkaNoTaggedFields(flexible: version >= FetchResponse.firstFlexible)
        }
    }

    /// An epoch and an offset: where a client's log diverges, or the id of a snapshot (both for replicas).
    package struct EpochOffset: Equatable, Sendable {
        package var epoch: Int32
        package var endOffset: Int64

        /// Bytes of the encoded structure, which is always in a flexible version.
        static let encodedSize = 13

        package init(epoch: Int32, endOffset: Int64) {
            self.epoch = epoch
            self.endOffset = endOffset
        }
    }
}

extension FetchResponse {
    package struct Partition: Equatable, Sendable {
        package var index: Int32
        package var errorCode: KafkaErrorCode
        /// One past the last committed record; -1 on error.
        package var highWatermark: Int64
        /// One past the last record that a reader of committed records may see.
        package var lastStableOffset: Int64
        /// -1 when unknown, as below version 5.
        package var logStartOffset: Int64
        /// Where the client's log diverges from this one (version 12, KIP-595).
        package var divergingEpoch: EpochOffset?
        /// With an error that tells the leader has moved (version 12).
        package var currentLeader: KafkaLeader?
        /// The snapshot to fetch instead (version 12, for replicas).
        package var snapshotId: EpochOffset?
        /// For a reader of committed records; nil for others.
        package var abortedTransactions: [AbortedTransaction]?
        /// Where to fetch from instead (from version 11, KIP-392); -1 for here.
        package var preferredReadReplica: Int32
        package var records: Records

        static let minimumSize = 30

        package init(
            index: Int32, errorCode: KafkaErrorCode = .none, highWatermark: Int64, lastStableOffset: Int64 = -1,
            logStartOffset: Int64 = -1, divergingEpoch: EpochOffset? = nil, currentLeader: KafkaLeader? = nil,
            snapshotId: EpochOffset? = nil, abortedTransactions: [AbortedTransaction]? = nil,
            preferredReadReplica: Int32 = -1, records: Records
        ) {
            self.index = index
            self.errorCode = errorCode
            self.highWatermark = highWatermark
            self.lastStableOffset = lastStableOffset
            self.logStartOffset = logStartOffset
            self.divergingEpoch = divergingEpoch
            self.currentLeader = currentLeader
            self.snapshotId = snapshotId
            self.abortedTransactions = abortedTransactions
            self.preferredReadReplica = preferredReadReplica
            self.records = records
        }
    }
}

extension FetchResponse.Partition {
    init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= FetchResponse.firstFlexible
        index = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        highWatermark = try reader.int64()
        lastStableOffset = try reader.int64()
        logStartOffset = try version >= 5 ? reader.int64() : -1
        abortedTransactions = try reader.kafkaNullableArray(
            of: FetchResponse.AbortedTransaction.self, version: version, flexible: flexible)
        preferredReadReplica = try version >= 11 ? reader.int32() : -1
        records = try reader.kafkaNullableBytes(flexible: flexible).map { .inline($0) } ?? .null
        for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
            let field = try reader.beginKafkaTaggedField()
            switch field.tag {
            case 0:
                divergingEpoch = .init(epoch: try reader.int32(), endOffset: try reader.int64())
                try reader.skipKafkaTaggedFields(flexible: true)
            case 1: currentLeader = try KafkaLeader(from: &reader)
            case 2:
                let endOffset = try reader.int64()
                snapshotId = .init(epoch: try reader.int32(), endOffset: endOffset)
                try reader.skipKafkaTaggedFields(flexible: true)
            default: try reader.skip(field.size)
            }
            try reader.endKafkaTaggedField(field)
        }
    }

    /// All up to the records' length, that included.
    func encodeBeforeRecords(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= FetchResponse.firstFlexible
        writer.int32(index)
        writer.kafkaErrorCode(errorCode)
        writer.int64(highWatermark)
        writer.int64(lastStableOffset)
        if version >= 5 { writer.int64(logStartOffset) }
        writer.kafkaNullableArray(abortedTransactions, version: version, flexible: flexible)
        if version >= 11 { writer.int32(preferredReadReplica) }
        writer.kafkaNullableLength(records.count, flexible: flexible)
    }

    /// The tagged fields.
    func encodeAfterRecords(into writer: inout ByteWriter, version: Int16) {
        guard version >= FetchResponse.firstFlexible else { return }
        let count = (divergingEpoch == nil ? 0 : 1) + (currentLeader == nil ? 0 : 1) + (snapshotId == nil ? 0 : 1)
        writer.kafkaTaggedFieldHeads(count: count)
        if let divergingEpoch {
            writer.kafkaTaggedFieldHead(0, size: FetchResponse.EpochOffset.encodedSize)
            writer.int32(divergingEpoch.epoch)
            writer.int64(divergingEpoch.endOffset)
            writer.kafkaNoTaggedFields(flexible: true)
        }
        if let currentLeader {
            writer.kafkaTaggedFieldHead(1, size: KafkaLeader.encodedSize)
            currentLeader.encode(into: &writer)
        }
        if let snapshotId {
            writer.kafkaTaggedFieldHead(2, size: FetchResponse.EpochOffset.encodedSize)
            writer.int64(snapshotId.endOffset)
            writer.int32(snapshotId.epoch)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
