/// Numbers of one group's log.
package struct LogStoreSettings: Sendable {
    package var group: UInt32
    /// Size to which segments are preallocated; a segment is left for the next one when an entry would pass it.
    package var segmentBytes: UInt64
    /// Prepared files kept ready for the next roll. More recycled ones than this are removed.
    package var spareSegments: Int
    /// Payload pieces up to this size are copied next to their header; larger ones are written by reference.
    package var copyThreshold: Int

    package init(
        group: UInt32 = 0, segmentBytes: UInt64 = 128 << 20, spareSegments: Int = 1, copyThreshold: Int = 4096
    ) {
        precondition(
            segmentBytes >= 16384 && segmentBytes <= 16 << 30 && spareSegments >= 1,
            "LogStoreSettings: segmentBytes \(segmentBytes), spareSegments \(spareSegments)")
        self.group = group
        self.segmentBytes = segmentBytes
        self.spareSegments = spareSegments
        self.copyThreshold = copyThreshold
    }
}
