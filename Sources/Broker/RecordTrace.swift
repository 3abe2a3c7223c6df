/// What is known of a record from the state alone, without reading the log.
package enum RecordTrace: Hashable, Sendable {
    /// Committed, at this offset.
    case stored(at: Int64)
    /// Committed, at an offset below this one.
    case storedBefore(Int64)
    /// Accepted by this leader and not yet committed, in the entry at this index; nil for the open one.
    case inFlight(index: UInt64?)
    /// Not committed. `isExcluded`: nor will it ever be, while the producer is remembered.
    case absent(isExcluded: Bool)
    /// If it is committed then below this offset: only the log can tell. Else as `absent`.
    case forgotten(before: Int64, isExcluded: Bool)
}
