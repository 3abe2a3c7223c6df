/// What a search by timestamp came to.
package enum TimeSearch: Hashable, Sendable {
    /// The first range that may hold a record as late: the caller reads it and looks at the records.
    case found(StoredRange)
    /// Rows from there on are to be looked at first.
    case sealed(SealedPlace)
    case none
}
