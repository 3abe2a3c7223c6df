import Bytes
import Ports

/// A part of the background check of entries against their checksums: `DiskQueue.run(job.work, token:)`.
package struct ScrubJob: Sendable {
    private let result = JobResult<[UInt64]>()
    package let first: UInt64
    /// Where the next part begins.
    package let next: UInt64
    package let work: @Sendable (any Disk) throws(DiskFailure) -> Void
    /// Entries that are not as they were written. Some may have been truncated, or their file recycled, while the job
    /// ran: they are to be read again before anything is made of it.
    package var suspects: [UInt64] { result.value ?? [] }

    init(first: UInt64, slots: ArraySlice<EntrySlot>, path: String) {
        self.first = first
        next = first + UInt64(slots.count)
        let result = result
        work = { (disk: any Disk) throws(DiskFailure) in
            let file = try disk.open(path, .readOnly)
            defer { disk.close(file) }
            var window = try FileWindow(disk, file)
            var suspects: [UInt64] = []
            for (number, slot) in slots.enumerated() where slot.isPlaced {
                let index = first + UInt64(number)
                if try !window.holds(slot, index: index) { suspects.append(index) }
            }
            result.value = suspects
        }
    }
}
