/// Time as the node sees it. The cores never do: they are told.
package protocol Clock: AnyObject {
    /// Nanoseconds from an arbitrary start, never going back.
    var monotonicNanoseconds: UInt64 { get }
    /// Milliseconds since 1970-01-01T00:00Z; may jump.
    var wallMilliseconds: Int64 { get }
}

/// Random bits: seeds for election timeouts, topic ids, segment salts.
package protocol Entropy: AnyObject {
    func next() -> UInt64
}
