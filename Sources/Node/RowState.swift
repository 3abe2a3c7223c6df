import Broker
import LogStore
import Ports

/// The indexes of sealed segments: how far memory has let go of their rows, which are being made, which were read.
struct RowState {
    /// Memory has let go of the rows of all entries up to here.
    var sealedThrough: UInt64 = 0
    /// Where it can let go next, once applied; nil if the segment there has no index.
    var nextSeal: UInt64?
    /// The index of a segment is being made in the background.
    var isIndexing = false
    /// Who waits for rows that are being read from the entries of a segment.
    var waiters: [Range: [RowWaiter]] = [:]
    /// First entries of segments of which no index could be made; cleared now and then.
    private(set) var failed: Set<UInt64> = []
    /// Of these, those whose entries could not be read.
    private(set) var unreadable: Set<UInt64> = []
    var cache: RowCache

    /// The entries of a segment, as far as they are applied: another time there may be more of them.
    struct Range: Hashable {
        let first: UInt64
        let last: UInt64
    }

    init(cacheBytes: Int) { cache = RowCache(limit: cacheBytes) }

    mutating func noteFailure(of build: RowBuild) {
        failed.insert(build.segment.first)
        if build.result.value == nil { unreadable.insert(build.segment.first) }
    }

    mutating func forgetFailures() {
        failed.removeAll()
        unreadable.removeAll()
    }
}

/// Who wants to know a partition's rows in a segment; nil: they cannot be had now.
struct RowWaiter {
    let partition: PartitionKey
    let answer: (PartitionSlices?) -> Void
}

/// The search for a row in the index of one segment, from a file.
struct RowLookup {
    let segment: StoredSegment
    let waiter: RowWaiter
    /// Without a value the file is missing or damaged.
    let result: JobResult<PartitionSlices>
}

/// The making of a segment's index from its entries: to be written, in the background, or for those who wait for rows.
struct RowBuild {
    let segment: StoredSegment
    let isForWaiters: Bool
    let result: JobResult<SegmentRows>
    /// The entry that is not as it was written, if that is why there is no result.
    let damage: JobResult<UInt64>
}
