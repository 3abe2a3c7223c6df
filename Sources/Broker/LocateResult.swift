/// What `Broker.locate` found.
package enum LocateResult: Hashable, Sendable {
    /// At least one range was appended.
    case found
    /// The same, and there are more behind them, elsewhere in the log.
    case foundPart
    /// Nothing there yet: the offset is the end offset.
    case atEnd
    /// The rows are in the index of a sealed segment; nothing was appended.
    case sealed(SealedPlace)
    case outOfRange(logStart: Int64, end: Int64)
    case unknownPartition
}
