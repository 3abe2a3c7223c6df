import CSystem

/// What a descriptor is ready for, or what its owner wants to hear about.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: HOLDFAST_READABLE)
    package static let writable = Readiness(rawValue: HOLDFAST_WRITABLE)
    /// An error or a full hang-up. Reported whether it was asked for or not, and again every turn until the descriptor
    /// is closed: a handler that ignores it makes the loop spin.
    package static let broken = Readiness(rawValue: HOLDFAST_BROKEN)
}

/// Receives the events of one descriptor. Called on the loop thread.
package protocol EventHandler: AnyObject {
    func ready(_ events: Readiness)
}

/// Writes out, at the end of a turn, what was queued during it. Called on the loop thread.
protocol TurnFlushable: AnyObject {
    func flushAtTurnEnd()
    var flushOrder: FlushOrder { get }
}
