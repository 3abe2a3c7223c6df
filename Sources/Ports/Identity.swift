/// A node of the cluster: also its Kafka broker id. Positive.
package struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt32
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }
    package static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }
    package var description: String { "\(rawValue)" }
}

/// One Raft group. Group 0 keeps the metadata; a small cluster has only that one.
package struct GroupID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }
    package var description: String { "\(rawValue)" }
}
