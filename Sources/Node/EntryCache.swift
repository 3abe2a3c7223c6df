import LogStore

/// The newest entries of the log in memory, contiguous up to the last one. Holds at least every entry that is not yet
/// applied and everything a flush is still pending for; older ones stay while they fit.
package struct EntryCache {
    private var entries: [LogEntry] = []
    private var head = 0
    /// Index of the first entry held; meaningless while empty.
    package private(set) var firstIndex: UInt64 = 1
    /// Payload bytes held.
    package private(set) var bytes = 0

    package init() {}

    package var isEmpty: Bool { head == entries.count }
    package var lastIndex: UInt64? { isEmpty ? nil : firstIndex + UInt64(entries.count - head) - 1 }

    package mutating func append(_ entry: LogEntry) {
        if let last = lastIndex {
            precondition(entry.index == last + 1, "EntryCache: \(entry.index) after \(last)")
        } else {
            firstIndex = entry.index
        }
        entries.append(entry)
        bytes += entry.payloadLength
    }

    package func entry(_ index: UInt64) -> LogEntry? {
        guard !isEmpty, index >= firstIndex else { return nil }
        let offset = index - firstIndex
        guard offset < UInt64(entries.count - head) else { return nil }
        return entries[head + Int(offset)]
    }

    package mutating func truncate(after index: UInt64) {
        while let last = lastIndex, last > index {
            bytes -= entries.removeLast().payloadLength
        }
        if isEmpty { removeAll() }
    }

    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        head = 0
        bytes = 0
    }

    /// Drops the oldest entries while more than `limit` bytes are held, never one above `index`.
    package mutating func evict(through index: UInt64, downTo limit: Int) {
        while bytes > limit, !isEmpty, firstIndex <= index {
            bytes -= entries[head].payloadLength
            entries[head] = .released
            head += 1
            firstIndex += 1
        }
        if head > 1024, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}

extension LogEntry {
    /// Takes the place of an evicted entry, so that its memory is free before the array is compacted.
    fileprivate static let released = LogEntry.make(
        after: 0, index: 0, term: 0, kind: .noop, timestamp: 0, payload: [])
}
