/// Where a row that memory does not hold is to be looked for: in the index of the segment that holds entry `index`, or
/// of one after it, the row whose records include `offset`.
package struct SealedPlace: Hashable, Sendable {
    package let index: UInt64
    package let offset: Int64

    package init(index: UInt64, offset: Int64) {
        self.index = index
        self.offset = offset
    }
}
