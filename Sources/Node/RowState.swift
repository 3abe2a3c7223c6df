import Broker
import LogStore
import Ports

/// The indexes of sealed segments: how far memory has let go of their rows, which are being made, which were read.
struct RowState {
    /// Memory has let go of the rows of all entries up to here.
    var sealedThrough: UInt64 = 0
    /// Where it can let go next, once applied; nil if the segment there has no index.
    var nextSeal: UInt64?
    /// By first entry of the segment: who waits for the rows of an index that is being made.
    var builds: [UInt64: [RowWaiter]] = [:]
    /// First entries of segments of which no index could be made; cleared now and then.
    var failed: Set<UInt64> = []
    var cache: RowCache

    init(cacheBytes: Int) { cache = RowCache(limit: cacheBytes) }
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

/// The making of a segment's index from its entries.
struct RowBuild {
    let segment: StoredSegment
    /// The file is to be written too.
    let writes: Bool
    let result: JobResult<SegmentRows>
    /// The entry that is not as it was written, if that is why there is no result.
    let damage: JobResult<UInt64>
}
