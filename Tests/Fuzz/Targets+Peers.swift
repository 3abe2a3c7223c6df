import Bytes
import LogStore
import Ports
import Raft

@testable import Node
@testable import SystemIO

extension FuzzTarget {
    static let peerFrame = FuzzTarget(
        "peer-frame", "frames between nodes; those that decode survive encoding and decoding",
        seeds: { frames.map { .joined($0.encode(group: GroupID(0))) } },
        run: { input in
            guard let decoded = accepted({ try PeerFrame.decode(input) }) else { return }
            let encoded = ByteSlice.joined(decoded.frame.encode(group: decoded.group))
            let again = try PeerFrame.decode(encoded)
            require(
                ByteSlice.joined(again.frame.encode(group: again.group)) == encoded, "\(decoded) survives encoding")
        })

    private static var frames: [PeerFrame] {
        let position = Position(index: 5, term: 2)
        let members = Membership(voters: [1, 2, 3], learners: [4])
        let command = LogEntry.make(
            after: 0, index: 6, term: 2, kind: .command, timestamp: 9, payload: [ByteSlice([1, 2, 3])])
        let configuration = GroupConfiguration(
            membership: members, records: [MemberRecord(id: 2, incarnation: 5)])
        let change = LogEntry.make(
            after: command.chain, index: 7, term: 3, kind: .configuration, timestamp: 9,
            payload: [configuration.encoded()])
        let append = AppendRequest(
            term: 3, previous: position, last: 7,
            runs: [TermRun(term: 2, first: 6), TermRun(term: 3, first: 7)], commit: 4)
        return [
            .space(SpaceReport(space: DiskSpace(free: 1 << 30, total: 1 << 40), isLow: true)),
            .raft(.preVoteRequest(VoteRequest(term: 3, last: position, isTransfer: false)), entries: []),
            .raft(.voteReply(VoteReply(term: 3, isGranted: true)), entries: []),
            .raft(.append(append), entries: [command, change]),
            .raft(.appendReply(AppendReply(term: 3, outcome: .flushed(7))), entries: []),
            .raft(
                .appendReply(AppendReply(
                    term: 3, outcome: .mismatch(rejected: 7, hint: position, lastIndex: 6))), entries: []),
            .raft(.heartbeat(Heartbeat(term: 3, commit: 4, round: 5)), entries: []),
            .raft(.heartbeatReply(HeartbeatReply(term: 3, round: 5)), entries: []),
            .snapshotOffer(SnapshotOffer(term: 3, position: position, membership: members), chain: 6),
            .raft(.snapshotReply(SnapshotReply(term: 3, installed: 5)), entries: []),
            .raft(.timeoutNow(TimeoutNow(term: 3)), entries: []),
            .introduction(Introduction(incarnation: 7, isFounder: true)),
            .notMember(configuration: 8), .otherData(configuration: 9),
            .forwardAdmin(id: 2, request: ByteSlice([4])),
            .forward(id: 1, request: ByteSlice([1, 2])), .forwardReply(id: 1, reply: ByteSlice([3])),
            .snapshotRead(snapshot: 5, offset: 0, length: 100),
            .snapshotPart(source: position, offset: 0, total: 4, bytes: ByteSlice([1, 2, 3, 4])),
        ]
    }

    static let peerHandshake = FuzzTarget(
        "peer-handshake", "the first frames of a link between nodes",
        seeds: {
            let identity = PeerHandshake.PeerIdentity(
                clusterID: ByteSlice([UInt8](repeating: 7, count: PeerHandshake.clusterIDSize)), sender: NodeID(1),
                receiver: NodeID(2))
            return [.hello(identity), .welcome(identity), .refusal("no")].map { (frame: PeerHandshake) in
                frame.encode()
            }
        },
        run: { input in
            guard let frame = accepted({ try PeerHandshake.decode(input) }) else { return }
            if case .refusal = frame { return _ = try PeerHandshake.decode(frame.encode()) }
            require(try PeerHandshake.decode(frame.encode()) == frame, "\(frame) survives encoding")
        })
}
