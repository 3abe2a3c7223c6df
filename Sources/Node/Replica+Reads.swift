import Broker
import Bytes
import LogStore
import Planted
import Ports

extension Replica {
    /// One job compares so much with its checksums, so that a large answer does not keep the reader thread.
    private static let verifyBytes = 4 << 20

    /// Brings the bytes of `ranges` to a client's answer: from memory at the tail, at once, else as file ranges, whose
    /// entries are compared with their checksums now, each time. What does not match is not sent but repaired.
    package func open(_ ranges: [StoredRange], _ answer: @escaping (StoredRead) -> Void) {
        let read = StoredRead(ranges)
        for range in ranges { locate(range, for: read) }
        read.entries.sort { $0.index < $1.index }
        #if DEBUG
        if Planted.has(.servesUnverified) { return answer(read) }
        #endif
        verify(read, from: 0, answer)
    }

    private func locate(_ range: StoredRange, for read: StoredRead) {
        if let entry = cache.entry(range.index) {
            read.append(entry.payload, of: range)
        } else if let location = log.location(of: range.index),
            range.position + range.length <= location.payloadLength
        {
            read.append(location, of: range)
        } else {
            read.appendNothing()
        }
    }

    private func verify(_ read: StoredRead, from start: Int, _ answer: @escaping (StoredRead) -> Void) {
        guard start < read.entries.count else {
            // What was deleted in the meantime may be another entry by now.
            for entry in read.entries where log.location(of: entry.index) != entry {
                read.unreadable.insert(entry.index)
            }
            return answer(read)
        }
        var end = start
        var byteCount = 0
        while end < read.entries.count, byteCount < Self.verifyBytes {
            byteCount += read.entries[end].byteCount
            end += 1
        }
        let job = VerifyJob(read.entries[start..<end])
        metrics.verifiedBytes += UInt64(byteCount)
        let task = DiskTask.verify(job) { [unowned self] in
            for index in job.suspects {
                read.unreadable.insert(index)
                suspect(index)
            }
            verify(read, from: end, answer)
        }
        self.start(task) { disk.lookUp(job.work, token: $0) }
    }

    /// Reads `range` as one slice, from memory at once or through the reader thread; nil if it cannot be read now.
    package func read(_ range: StoredRange, _ answer: @escaping (ByteSlice?) -> Void) {
        let read = StoredRead([range])
        locate(range, for: read)
        if let location = read.entries.first {
            let slice = { (payload: ByteSlice?) in answer(payload?.slice(range.position, range.length)) }
            return start(.fetch(location, slice)) {
                disk.read(location.file, offset: location.headerOffset, count: location.byteCount, token: $0)
            }
        }
        guard let pieces = read.pieces(of: 0..<1) else { return answer(nil) }
        var writer = ByteWriter(capacity: range.length)
        for case .memory(let slice) in pieces { writer.bytes(slice) }
        answer(writer.finish())
    }

    /// A whole entry was read for the sake of a range in it.
    func fetchRead(_ bytes: ByteSlice, _ location: EntryLocation, _ answer: (ByteSlice?) -> Void) {
        guard log.location(of: location.index) == location else { return answer(nil) }
        guard let entry = LogStore.decodeStored(bytes, at: location), let payload = entry.payload.first else {
            suspect(location.index)
            return answer(nil)
        }
        answer(payload)
    }
}
