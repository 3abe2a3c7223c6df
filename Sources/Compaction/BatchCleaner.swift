import Bytes
import Compression
import Planted
import Records

/// What a cleaning removes from a partition's batches.
package struct CleaningRules: Sendable {
    /// A transaction that was aborted.
    package struct Aborted: Sendable {
        let producer: Int64
        let offsets: ClosedRange<Int64>

        /// `last` is the offset of its marker.
        package init(producer: Int64, first: Int64, last: Int64) {
            self.producer = producer
            offsets = min(first, last)...last
        }
    }

    /// Delete markers before this offset go.
    let tombstonesBefore: Int64
    let aborted: [Aborted]

    package init(tombstonesBefore: Int64, aborted: [Aborted]) {
        self.tombstonesBefore = tombstonesBefore
        self.aborted = aborted
    }

    func isAborted(_ header: RecordBatchHeader) -> Bool {
        header.isTransactional
            && aborted.contains { $0.producer == header.producerId && $0.offsets.contains(header.baseOffset) }
    }
}

/// Keeps the last record of each key, as Kafka's log cleaner does. A batch of which something is left keeps its
/// offsets, its producer, its timestamps (the largest is that of the records left), its codec and the bytes of those
/// records; one of which nothing is left goes.
package struct BatchCleaner: Sendable {
    package enum Outcome {
        /// As it is. Also a batch that cannot be read: what is not understood is not removed.
        case kept
        case replaced(ByteSlice)
        case removed
    }

    private let keys: KeyMap
    private let rules: CleaningRules
    /// A delete marker was left that may go when its time is over.
    package private(set) var hasTombstones = false
    /// Some batch could not be read. What it has of a key nobody knows, so delete markers behind it stay.
    package private(set) var hasUnreadable: Bool

    /// `hasUnreadable`: a batch before those to be cleaned could not be read.
    package init(_ keys: KeyMap, _ rules: CleaningRules, hasUnreadable: Bool = false) {
        self.keys = keys
        self.rules = rules
        self.hasUnreadable = hasUnreadable
    }

    /// Notes the keys of a stored batch that a reader of committed records gets. False if there was no room for all.
    package static func note(_ batch: ByteSlice, in keys: KeyMap, _ rules: CleaningRules) -> Bool {
        do {
            let header = try RecordBatch.framedHeader(batch)
            var isAborted = rules.isAborted(header)
            #if DEBUG
            if Planted.has(.abortedReplaceCommitted) { isAborted = false }
            #endif
            if header.isControl || isAborted { return true }
            var records = RecordIterator(header: header, body: try body(of: batch, header), skipsHeaders: true)
            // All or nothing: of a batch that is damaged in the middle no record counts.
            var found: [Record] = []
            while let record = try records.next() { found.append(record) }
            for record in found {
                guard let key = record.key else { continue }
                #if DEBUG
                if Planted.has(.keepsEarlierOfKey), keys.lastOffset(of: key) != nil { continue }
                #endif
                if !keys.note(key, at: record.offset) { return false }
            }
        } catch {
            // Kept as it is, and so is what lies before it.
        }
        return true
    }

    /// The records, decompressed.
    private static func body(of batch: ByteSlice, _ header: RecordBatchHeader) throws -> ByteSlice {
        let stored = batch.slice(RecordBatchHeader.size, header.totalLength - RecordBatchHeader.size)
        guard let codec = header.codec else { throw RecordError.unknownCodec(UInt8(header.attributes & 7)) }
        return codec == .none ? stored : try Compression.decompress(stored, codec)
    }

    /// What becomes of one stored batch.
    package mutating func clean(_ batch: ByteSlice) -> Outcome {
        do {
            return try clean(batch, try RecordBatch.framedHeader(batch))
        } catch {
            hasUnreadable = true
            return .kept
        }
    }

    private mutating func clean(_ batch: ByteSlice, _ header: RecordBatchHeader) throws -> Outcome {
        if header.isControl {
            // That a transaction was committed no reader needs to be told: what it has not aborted is.
            return try RecordBatch.markerCommits(batch) == true ? .removed : .kept
        }
        if rules.isAborted(header) || header.recordCount == 0 { return .removed }
        let body = try Self.body(of: batch, header)
        var records = RecordIterator(header: header, body: body, skipsHeaders: true)
        var left: [Range<Int>] = []
        var count: Int32 = 0
        var maxTimestamp = Int64.min
        var leavesTombstone = false
        while let record = try records.next() {
            guard isLeft(record) else { continue }
            count += 1
            leavesTombstone = leavesTombstone || record.value == nil && !hasUnreadable
            maxTimestamp = max(maxTimestamp, record.timestamp)
            if let last = left.last, last.upperBound == records.extent.lowerBound {
                left[left.count - 1] = last.lowerBound..<records.extent.upperBound
            } else {
                left.append(records.extent)
            }
        }
        hasTombstones = hasTombstones || leavesTombstone
        if count == 0 { return .removed }
        if count == header.recordCount { return .kept }
        var smaller = ByteWriter(capacity: left.reduce(0) { $0 + $1.count })
        for extent in left { smaller.bytes(body.slice(extent.lowerBound, extent.count)) }
        let codec = header.codec ?? .none
        return .replaced(
            RecordBatch.changing(
                batch, body: try Compression.compress(smaller.finish(), codec), codec, recordCount: count,
                maxTimestamp: maxTimestamp))
    }

    /// A record without a key came before its topic was compacted; as in Kafka it goes.
    private func isLeft(_ record: Record) -> Bool {
        guard let key = record.key else { return false }
        if let last = keys.lastOffset(of: key), last > record.offset { return false }
        #if DEBUG
        if Planted.has(.keepsEarlierOfKey), let last = keys.lastOffset(of: key), last < record.offset { return false }
        if Planted.has(.forgetsDeleteMarkers) { return record.value != nil }
        #endif
        return record.value != nil || hasUnreadable || record.offset >= rules.tombstonesBefore
    }
}
