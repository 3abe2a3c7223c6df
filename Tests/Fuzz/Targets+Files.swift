import Bytes
import Ports
import Raft
import Simulator

@testable import LogStore
@testable import Node

extension FuzzTarget {
    static let voteFile = FuzzTarget(
        "vote-file", "a slot of the file of term and vote",
        seeds: {
            var state = LogState()
            state.term = 5
            state.vote = 2
            for index in 1...5 { state.cut(after: UInt64(index)) }
            return [LogState().encode(), state.encode()]
        },
        run: { input in
            guard let state = LogState.decode(input) else { return }
            require(LogState.decode(state.encode()) == state, "\(state) survives encoding")
        })

    static let identity = FuzzTarget(
        "identity", "the file that says whose data directory it is",
        seeds: {
            let members = Membership(voters: [1, 2, 3], learners: [9])
            return [NodeIdentity(cluster: ClusterID(high: 1, low: 2), node: NodeID(3), membership: members).encoded()]
        },
        run: { input in
            guard let identity = accepted({ try NodeIdentity(decoding: input) }) else { return }
            require(try NodeIdentity(decoding: identity.encoded()) == identity, "\(identity) survives encoding")
        })

    static let memberships = FuzzTarget(
        "memberships", "the configurations in a snapshot file",
        seeds: {
            let addresses = MemberAddresses(
                peer: Endpoint(host: "::1", port: 1), kafka: Endpoint(host: "kafka", port: 65_535))
            let later = GroupConfiguration(
                membership: Membership(voters: [1, 2], learners: [3]),
                records: [MemberRecord(id: 1, incarnation: 7), MemberRecord(id: 3, addresses: addresses)])
            return [
                SnapshotCodec.encode([
                    .init(index: 0, configuration: GroupConfiguration(membership: Membership(voters: [1]))),
                    .init(index: 9, configuration: later),
                ])
            ]
        },
        run: { input in
            guard let log = accepted({ try SnapshotCodec.decodeConfigurations(input) }) else { return }
            let encoded = SnapshotCodec.encode(log.entries)
            require(
                try SnapshotCodec.decodeConfigurations(encoded) == log,
                "\(log.entries) survive encoding")
        })

    private static let segment = SegmentHeader(
        group: 0, first: 10, salt: 7, previousChain: 8, previous: .none, epoch: 0, previousFirst: 1)

    static let sidecar = FuzzTarget(
        "sidecar", "the index beside a sealed segment",
        seeds: {
            let entry = LogEntry.make(
                after: 8, index: 10, term: 2, kind: .command, timestamp: 3, payload: [ByteSlice([1])])
            let header = EntryHeader(
                salt: 7, index: 10, term: 2, kind: .command, timestamp: 3, flushedMark: 9, chain: entry.chain,
                payloadLength: 1, payloadChecksum: entry.payloadChecksum, previous: .none, epoch: 0, group: 0)
            let record = EntryRecord(header, at: SegmentHeader.regionSize)
            return [0, 1, 3].map { count in
                Sidecar.encode(header: segment, records: Array(repeating: record, count: count))
            }
        },
        run: { input in
            guard let records = Sidecar.decode(input, header: segment) else { return }
            let encoded = Sidecar.encode(header: segment, records: records)
            require(Sidecar.decode(encoded, header: segment) == records, "records survive encoding")
            let disk = SimulatedDisk(seed: 1)
            try disk.write([input], to: FileNames.sidecar(segment.first), in: "d")
            for (last, size) in [(UInt64(10), UInt64(1 << 14)), (UInt64.max, UInt64.max)] {
                _ = try Sidecar.read(
                    disk, directory: "d", header: segment, last: last, chain: records.last?.chain ?? 0, size: size)
            }
        })

    static let snapshotFile = FuzzTarget(
        "snapshot-file", "a snapshot of the state, as written by this node or received from another",
        seeds: {
            try [[], [ByteSlice([1, 2, 3])], [ByteSlice([4]), ByteSlice([5, 6])]].map { state in
                let disk = SimulatedDisk(seed: 1)
                try disk.write([], to: "s", in: "d")
                let file = try disk.open("d/s", .readWrite)
                _ = try SnapshotFile.write(
                    disk, file, group: 0, point: LogPoint(index: 5, term: 2, chain: 3), baseEpoch: 0,
                    membership: ByteSlice([9]), state: state)
                return ByteSlice(disk.contents("d/s") ?? [])
            }
        },
        run: { input in
            let disk = SimulatedDisk(seed: 1)
            try disk.write([input], to: "s", in: "d")
            let found = try SnapshotFile.read(disk, path: "d/s", group: 0, keepsState: true)
            guard case .intact(let metadata, let state) = found else { return }
            require(UInt64(state.count) == metadata.stateLength, "the whole state is kept")
        })
}

extension SimulatedDisk {
    /// Writes a file, its directory made for it.
    func write(_ pieces: [ByteSlice], to name: String, in directory: String) throws {
        try createDirectory(directory)
        let file = try open("\(directory)/\(name)", .createNew)
        try write(file, offset: 0, pieces)
        close(file)
    }
}
