import Ports

/// Compares entries with their checksums where they lie, just before bytes of them are sent: a short job for
/// `DiskQueue.lookUp(job.work, token:)`.
package struct VerifyJob: Sendable {
    /// Small enough for a processor's cache: what is read is looked at once and not kept.
    private static let windowSize = 128 << 10

    private let entries: ArraySlice<EntryLocation>
    private let result = JobResult<[UInt64]>()
    package let work: @Sendable (any Disk) throws(DiskFailure) -> Void

    /// Entries that are not there as they were written. Some may have been truncated, or their file recycled, while the
    /// job ran: they are to be read again before anything is made of it.
    package var suspects: [UInt64] { result.value ?? entries.map(\.index) }

    package init(_ entries: ArraySlice<EntryLocation>) {
        self.entries = entries
        let result = result
        work = { (disk: any Disk) throws(DiskFailure) in
            var suspects: [UInt64] = []
            var first = entries.startIndex
            while first < entries.endIndex {
                let end = VerifyJob.endOfRun(from: first, in: entries)
                VerifyJob.verify(entries[first..<end], disk, &suspects)
                first = end
            }
            result.value = suspects
        }
    }

    /// Entries that lie one behind the other are read together.
    private static func endOfRun(from first: Int, in entries: ArraySlice<EntryLocation>) -> Int {
        var end = first + 1
        while end < entries.endIndex, entries[end].file == entries[first].file,
            entries[end].headerOffset == entries[end - 1].nextOffset
        {
            end += 1
        }
        return end
    }

    private static func verify(_ run: ArraySlice<EntryLocation>, _ disk: any Disk, _ suspects: inout [UInt64]) {
        guard let first = run.first, let last = run.last else { return }
        var window = FileWindow(
            disk, first.file, end: last.headerOffset + UInt64(last.byteCount), windowSize: windowSize)
        for entry in run {
            do throws(DiskFailure) {
                if try !window.holds(entry.slot, index: entry.index) { suspects.append(entry.index) }
            } catch {
                // It is read again, alone, and what that brings is told.
                suspects.append(entry.index)
            }
        }
    }
}

extension EntryLocation {
    fileprivate var nextOffset: UInt64 { headerOffset + EntryHeader.span(payloadLength: payloadLength) }
    fileprivate var slot: EntrySlot {
        EntrySlot(place: EntrySlot.place(of: headerOffset), payloadLength: UInt32(payloadLength), chain: chain)
    }
}
