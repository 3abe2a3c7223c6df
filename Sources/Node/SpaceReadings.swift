import Ports

/// How much room a node's disk has, and whether that is less than the node wants to keep free.
package struct SpaceReport: Equatable, Sendable {
    package let space: DiskSpace
    /// By the node's own watermark (`NodeSettings.minimumFreeBytes`).
    package let isLow: Bool

    package init(space: DiskSpace, isLow: Bool) {
        self.space = space
        self.isLow = isLow
    }
}

/// What a node knows of the room on the members' disks.
struct SpaceReadings {
    /// Of its own disk, as last read; nil before.
    private(set) var own: SpaceReport?
    /// Of the others, as they have said. A node that is silent counts for no room anyhow, so nothing is forgotten.
    private(set) var others: [NodeID: SpaceReport] = [:]
    /// This node leads and takes no records, because there is no room for them.
    var isIntakeStopped = false
    /// The disk is being asked.
    var isReading = false
    /// It was asked last in vain.
    var hasFailed = false
    /// Ticks before which leadership is not handed over again, and no snapshot is taken again, for want of room.
    var nextHandOver = 0
    var nextSnapshot = 0

    /// Low from `minimum` downwards; no longer when a quarter more than that is free, so that one file which comes
    /// and goes does not stop and start every producer. True if that has changed.
    mutating func note(_ space: DiskSpace, minimum: UInt64) -> Bool {
        let wasLow = own?.isLow ?? false
        let enough = wasLow ? minimum + minimum / 4 : minimum
        own = SpaceReport(space: space, isLow: space.free < enough)
        return own?.isLow != wasLow
    }

    mutating func note(_ report: SpaceReport, of node: NodeID) { others[node] = report }
}
