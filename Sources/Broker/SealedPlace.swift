/// Where a row that memory does not hold is to be looked for: in the indexes of the segments that hold entries
/// `index ... lastIndex`, the latest row whose records include `offset`. Earlier ones were replaced by it.
package struct SealedPlace: Hashable, Sendable {
    package let index: UInt64
    package let lastIndex: UInt64
    package let offset: Int64

    package init(index: UInt64, lastIndex: UInt64, offset: Int64) {
        self.index = index
        self.lastIndex = lastIndex
        self.offset = offset
    }
}
