import Broker
import Bytes
import LogStore
import Ports
import Raft

/// A snapshot file's parts that the log store treats as opaque: the configurations and the broker's state.
enum SnapshotCodec {
    /// Configuration count u16, then per configuration its index u64 and what its entry says.
    static func encode(_ entries: [ConfigurationLog.Entry]) -> ByteSlice {
        var writer = ByteWriter()
        writer.uint16(UInt16(entries.count))
        for entry in entries {
            writer.uint64(entry.index)
            entry.configuration.encode(into: &writer)
        }
        return writer.finish()
    }

    static func decodeConfigurations(_ bytes: ByteSlice) throws(DecodeError) -> ConfigurationLog {
        var reader = ByteReader(bytes)
        let count = Int(try reader.uint16())
        try reader.requireElements(count, minimumSize: 14)
        var entries: [ConfigurationLog.Entry] = []
        for _ in 0..<count {
            let index = try reader.uint64()
            if let last = entries.last, index <= last.index {
                throw .badValue("configuration index", Int64(truncatingIfNeeded: index))
            }
            let configuration = try GroupConfiguration(reading: &reader)
            entries.append(ConfigurationLog.Entry(index: index, configuration: configuration))
        }
        try reader.requireEnd()
        guard !entries.isEmpty else { throw .badValue("configuration count", Int64(count)) }
        return ConfigurationLog(entries: entries)
    }

    /// Reads and checks a whole snapshot file; blocking.
    static func load(
        _ snapshot: SnapshotMetadata, of log: LogStore, from disk: any Disk
    ) throws(NodeFault) -> (Broker, ConfigurationLog) {
        let job = log.snapshotLoadJob(snapshot)
        do {
            try job.work(disk)
        } catch {
            throw .disk(error)
        }
        guard let state = job.result else { throw .badSnapshot("\(snapshot.path): nothing was read") }
        do {
            return (try Broker(snapshot: state), try decodeConfigurations(snapshot.membership))
        } catch {
            throw .badSnapshot("\(snapshot.path): \(error)")
        }
    }
}
