import Broker
import Bytes
import LogStore
import Ports
import Raft

/// A snapshot file's parts that the log store treats as opaque: the memberships and the broker's state.
enum SnapshotCodec {
    /// Membership count u16, then per membership its index u64 and the members.
    static func encode(_ memberships: MembershipLog) -> ByteSlice {
        var writer = ByteWriter()
        writer.uint16(UInt16(memberships.entries.count))
        for entry in memberships.entries {
            writer.uint64(entry.index)
            entry.membership.encode(into: &writer)
        }
        return writer.finish()
    }

    static func decodeMemberships(_ bytes: ByteSlice) throws(DecodeError) -> MembershipLog {
        var reader = ByteReader(bytes)
        let count = Int(try reader.uint16())
        try reader.requireElements(count, minimumSize: 12)
        var entries: [MembershipEntry] = []
        for _ in 0..<count {
            let index = try reader.uint64()
            if let last = entries.last, index <= last.index {
                throw .badValue("membership index", Int64(truncatingIfNeeded: index))
            }
            entries.append(MembershipEntry(index: index, membership: try Membership(reading: &reader)))
        }
        try reader.requireEnd()
        guard entries.first?.index == 0 else { throw .badValue("membership count", Int64(count)) }
        return MembershipLog(entries: entries)
    }

    /// Reads and checks a whole snapshot file; blocking.
    static func load(
        _ snapshot: SnapshotMetadata, of log: LogStore, from disk: any Disk
    ) throws(NodeFault) -> (Broker, MembershipLog) {
        let job = log.snapshotLoadJob(snapshot)
        do {
            try job.work(disk)
        } catch {
            throw .disk(error)
        }
        guard let state = job.result else { throw .badSnapshot("\(snapshot.path): nothing was read") }
        do {
            return (try Broker(snapshot: state), try decodeMemberships(snapshot.membership))
        } catch {
            throw .badSnapshot("\(snapshot.path): \(error)")
        }
    }
}
