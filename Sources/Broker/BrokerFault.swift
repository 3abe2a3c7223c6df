import Bytes

/// A broken invariant of our own: checksums protect the log, so an entry that does not decode was written wrongly.
/// The shell stops the node; going on would let replicas diverge.
package enum BrokerFault: Error, Equatable, Sendable {
    case undecodable(index: UInt64, DecodeError)
    /// Entries are applied in order, each once.
    case outOfOrder(index: UInt64, applied: UInt64)
}

extension BrokerFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .undecodable(let index, let reason): "entry \(index) does not decode: \(reason)"
        case .outOfOrder(let index, let applied): "entry \(index) after entry \(applied) was applied"
        }
    }
}
