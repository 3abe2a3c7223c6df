/// What memory keeps of a partition's rows in one sealed segment, 40 bytes: where the first of them is. It is true of
/// the log, whoever holds it and however it is cut into segments: the other rows are found in the index of the segment
/// that holds entry `index`, or in those of the segments after it.
struct Fence: Hashable, Sendable {
    var baseOffset: Int64
    /// Log index of the entry that holds the batch at `baseOffset`.
    var index: UInt64
    /// Log index of the last row's entry.
    var lastIndex: UInt64
    /// The largest of the rows'.
    var maxTimestamp: Int64
    /// Bytes of the rows' batches.
    var byteCount: Int64

    init(baseOffset: Int64, index: UInt64, lastIndex: UInt64, maxTimestamp: Int64 = .min, byteCount: Int64 = 0) {
        self.baseOffset = baseOffset
        self.index = index
        self.lastIndex = lastIndex
        self.maxTimestamp = maxTimestamp
        self.byteCount = byteCount
    }

    func place(of offset: Int64) -> SealedPlace { SealedPlace(index: index, lastIndex: lastIndex, offset: offset) }

    mutating func add(_ items: some Collection<PartitionIndex.Item>) {
        for item in items {
            lastIndex = max(lastIndex, item.index)
            maxTimestamp = max(maxTimestamp, item.maxTimestamp)
            byteCount += Int64(item.length)
        }
    }
}
