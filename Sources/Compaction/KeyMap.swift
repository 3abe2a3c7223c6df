import Bytes

/// The last offset of each key, the keys in full: two keys that a hash takes for one would cost a record. Filled and
/// asked by one job at a time.
package final class KeyMap: @unchecked Sendable {
    private struct Entry {
        var offset: Int64
        var hash: UInt32
        var start: UInt32
        var length: UInt32
    }

    private var entries: [Entry] = []
    private var keys: [UInt8] = []
    /// Positions in `entries`, plus one; 0 is free. A power of two, at most two thirds full.
    private var slots: [UInt32] = Array(repeating: 0, count: 1024)

    package init() {}

    package var count: Int { entries.count }

    /// What it takes in memory.
    package var byteCount: Int {
        keys.count + entries.count * MemoryLayout<Entry>.stride + slots.count * MemoryLayout<UInt32>.size
    }

    /// Offsets are noted in ascending order. False if there is no room for the key: more than 4 GiB of keys.
    package func note(_ key: ByteSlice, at offset: Int64) -> Bool {
        key.withUnsafeBytes { bytes in
            let hash = Self.hash(bytes)
            let slot = slot(of: bytes, hash)
            if slots[slot] > 0 {
                entries[Int(slots[slot]) - 1].offset = offset
                return true
            }
            guard keys.count <= Int(UInt32.max) - bytes.count, entries.count < Int(UInt32.max) - 1 else { return false }
            entries.append(
                Entry(offset: offset, hash: hash, start: UInt32(keys.count), length: UInt32(bytes.count)))
            keys.append(contentsOf: bytes)
            slots[slot] = UInt32(entries.count)
            if entries.count * 3 > slots.count * 2 { grow() }
            return true
        }
    }

    /// nil if the key was never noted.
    package func lastOffset(of key: ByteSlice) -> Int64? {
        key.withUnsafeBytes { bytes in
            let position = slots[slot(of: bytes, Self.hash(bytes))]
            return position > 0 ? entries[Int(position) - 1].offset : nil
        }
    }

    /// Where the key is, or would go.
    private func slot(of key: UnsafeRawBufferPointer, _ hash: UInt32) -> Int {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] > 0, !matches(entries[Int(slots[slot]) - 1], key, hash) { slot = (slot + 1) & mask }
        return slot
    }

    private func matches(_ entry: Entry, _ key: UnsafeRawBufferPointer, _ hash: UInt32) -> Bool {
        guard entry.hash == hash, Int(entry.length) == key.count else { return false }
        return keys[Int(entry.start)..<Int(entry.start) + key.count].elementsEqual(key)
    }

    private func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for (position, entry) in entries.enumerated() {
            var slot = Int(entry.hash) & mask
            while slots[slot] > 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(position + 1)
        }
    }

    /// Seeded anew in each process, so that nobody can choose keys that collide. The order of entries shows nowhere.
    private static func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}
