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
                if try !ScrubJob.isIntact(slot, index: index, in: &window) { suspects.append(index) }
            }
            result.value = suspects
        }
    }

    private static func isIntact(
        _ slot: EntrySlot, index: UInt64, in window: inout FileWindow
    ) throws(DiskFailure) -> Bool {
        guard let bytes = try window.bytes(at: slot.headerOffset, count: EntryHeader.size),
            let header = EntryHeader.decode(bytes), header.index == index, header.chain == slot.chain,
            header.payloadLength == Int(slot.payloadLength)
        else { return false }
        return try window.checksum(at: slot.headerOffset + UInt64(EntryHeader.size), count: header.payloadLength)
            == header.payloadChecksum
    }
}
