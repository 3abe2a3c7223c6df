import Bytes
import CSystem
import Glibc
import Ports
import Testing

@testable import SystemIO

@Suite struct PeerLinksTests {
    private static let cluster = ByteSlice(Array(1...16))

    /// One node's links and what they said.
    private final class Peer {
        let links: PeerLinks
        let id: NodeID
        var events: [String] = []
        var frames: [[UInt8]] = []
        var reports: [PeerReport] = []

        init(
            _ loop: EventLoop, _ id: UInt32, cluster: ByteSlice = PeerLinksTests.cluster, port: UInt16 = 0,
            _ change: (inout PeerLinksSettings) -> Void = { _ in }
        ) throws {
            self.id = NodeID(id)
            var settings = PeerLinksSettings(
                localID: NodeID(id), clusterID: cluster, listenHost: "127.0.0.1", listenPort: port)
            settings.minimumBackoffNanoseconds = 2_000_000
            settings.maximumBackoffNanoseconds = 20_000_000
            change(&settings)
            links = try PeerLinks(loop: loop, settings: settings)
            links.deliver = { [unowned self] event in
                switch event {
                case .connected(let peer): events.append("up \(peer)")
                case .disconnected(let peer): events.append("down \(peer)")
                case .frame(let peer, let frame):
                    events.append("frame \(peer)")
                    frames.append(frame.array)
                }
            }
            links.report = { [unowned self] in reports.append($0) }
        }

        var address: PeerAddress { PeerAddress(id: id, host: "127.0.0.1", port: links.port) }

        var refusals: [String] {
            reports.compactMap {
                switch $0 {
                case .refused(_, let reason), .refusedIncoming(_, let reason): reason
                default: nil
                }
            }
        }
    }

    private func connected(_ loop: EventLoop, _ one: Peer, _ two: Peer) -> Bool {
        one.links.setPeers([one.address, two.address])
        two.links.setPeers([one.address, two.address])
        return turn(loop) { one.links.connectedPeers == [two.id] && two.links.connectedPeers == [one.id] }
    }

    private func shutDown(_ loop: EventLoop, _ peers: Peer...) {
        for peer in peers { peer.links.shutDown() }
        for _ in 0..<3 { loop.turn(maximumWait: 0) }
    }

    @Test func threeNodesGetOneLinkPerPairAndExchangeFrames() throws {
        let loop = try EventLoop()
        let peers = try (1...3).map { try Peer(loop, $0) }
        for peer in peers { peer.links.setPeers(peers.map(\.address)) }
        #expect(turn(loop) { peers.allSatisfy { $0.links.connectedPeers.count == 2 } })
        for peer in peers {
            for other in peers where other.id != peer.id {
                #expect(peer.links.send([ByteSlice([UInt8(peer.id.rawValue)]), .empty, ByteSlice([9])], to: other.id))
            }
        }
        #expect(turn(loop) { peers.allSatisfy { $0.frames.count == 2 } })
        #expect(peers[0].frames.sorted { $0[0] < $1[0] } == [[2, 9], [3, 9]])
        for peer in peers { #expect(peer.events.filter { $0.hasPrefix("up") }.count == 2) }
        #expect(!peers[0].links.send([ByteSlice([1])], to: NodeID(9)))
        for peer in peers { peer.links.shutDown() }
        for _ in 0..<3 { loop.turn(maximumWait: 0) }
        for peer in peers { #expect(peer.events.filter { $0.hasPrefix("down") }.count == 2) }
    }

    @Test func largeFramesPassAfterTheHandshake() throws {
        let loop = try EventLoop()
        let (one, two) = (try Peer(loop, 1), try Peer(loop, 2))
        #expect(connected(loop, one, two))
        let body = randomBytes(5 << 20, seed: 31)
        #expect(one.links.send([ByteSlice(body)], to: two.id))
        #expect(turn(loop) { two.frames.count == 1 })
        #expect(two.frames[0] == body)
        shutDown(loop, one, two)
    }

    @Test func aQueueAboveItsLimitResetsTheLink() throws {
        let loop = try EventLoop()
        let one = try Peer(loop, 1) { $0.queueLimit = 10_000 }
        let two = try Peer(loop, 2)
        #expect(connected(loop, one, two))
        let piece = ByteSlice([UInt8](repeating: 1, count: 4_000))
        #expect(one.links.send([piece], to: two.id))
        #expect(one.links.send([piece], to: two.id))
        #expect(!one.links.send([piece], to: two.id))
        #expect(!one.links.send([piece], to: two.id))
        #expect(turn(loop) { one.events == ["up 2", "down 2", "up 2"] })
        #expect(one.reports.count == 1)
        shutDown(loop, one, two)
    }

    @Test func linksComeBackAfterTheOtherSideHasGone() throws {
        let loop = try EventLoop()
        let one = try Peer(loop, 1)
        var two = try Peer(loop, 2)
        #expect(connected(loop, one, two))
        let port = two.links.port
        for round in 1...3 {
            shutDown(loop, two)
            #expect(turn(loop) { one.events.filter { $0 == "down 2" }.count == round })
            #expect(!one.links.send([ByteSlice([1])], to: two.id))
            if round == 1 {
                let isDialFailure = { (report: PeerReport) in
                    if case .dialFailed = report { true } else { false }
                }
                #expect(turn(loop) { one.reports.contains(where: isDialFailure) })
            }
            two = try Peer(loop, 2, port: port)
            two.links.setPeers([one.address])
            #expect(turn(loop) { one.links.connectedPeers == [two.id] })
        }
        shutDown(loop, one, two)
    }

    @Test func aWrongClusterIsRefusedWithAReasonOnBothSides() throws {
        let loop = try EventLoop()
        let one = try Peer(loop, 1, cluster: ByteSlice(Array(2...17)))
        let two = try Peer(loop, 2)
        one.links.setPeers([two.address])
        two.links.setPeers([one.address])
        #expect(turn(loop) { !one.refusals.isEmpty })
        #expect(one.refusals == ["another cluster's id"])
        #expect(two.refusals == ["another cluster's id"])
        #expect(one.reports.first == .refused(by: NodeID(2), reason: "another cluster's id"))
        #expect(one.events.isEmpty && two.events.isEmpty)
        shutDown(loop, one, two)
    }

    @Test func aWrongNodeIsRefused() throws {
        let loop = try EventLoop()
        let (one, two) = (try Peer(loop, 1), try Peer(loop, 2))
        // Node 1 believes node 3 listens where node 2 does.
        one.links.setPeers([PeerAddress(id: NodeID(3), host: "127.0.0.1", port: two.links.port)])
        two.links.setPeers([one.address])
        #expect(turn(loop) { !one.refusals.isEmpty })
        #expect(one.refusals == ["this is node 2, not node 3"])
        shutDown(loop, one, two)
    }

    /// A node that was removed, or not yet added, can be told so. It is not dialled when its link is gone.
    @Test func anOutsiderMayCall() throws {
        let loop = try EventLoop()
        let (one, two) = (try Peer(loop, 1), try Peer(loop, 2))
        one.links.setPeers([two.address])
        #expect(turn(loop) { one.links.connectedPeers == [two.id] && two.links.connectedPeers == [one.id] })
        #expect(two.links.send([ByteSlice([7])], to: one.id))
        #expect(turn(loop) { one.frames == [[7]] })
        shutDown(loop, one)
        #expect(turn(loop) { two.links.connectedPeers.isEmpty })
        #expect(!two.links.send([ByteSlice([7])], to: one.id))
        shutDown(loop, two)
        #expect(two.events == ["up 1", "down 1"] && two.reports.isEmpty)
    }

    /// What is up stays up, for the last words; then it does not come back.
    @Test func aPeerThatIsNoneAnyMoreKeepsItsLinkUntilItBreaks() throws {
        let loop = try EventLoop()
        let (one, two) = (try Peer(loop, 1), try Peer(loop, 2))
        #expect(connected(loop, one, two))
        one.links.setPeers([])
        #expect(one.links.send([ByteSlice([1])], to: two.id))
        #expect(turn(loop) { two.frames == [[1]] })
        two.links.shutDown()
        #expect(turn(loop) { one.links.connectedPeers.isEmpty })
        #expect(one.events == ["up 2", "down 2"] && one.reports.isEmpty)
        shutDown(loop, one, two)
    }

    /// A node whose lower peers do not call asks them why.
    @Test func aLonelyNodeDialsDownwards() throws {
        let loop = try EventLoop()
        let one = try Peer(loop, 1)
        let two = try Peer(loop, 2) { $0.lonelyNanoseconds = 20_000_000 }
        two.links.setPeers([one.address])
        #expect(turn(loop) { one.links.connectedPeers == [two.id] && two.links.connectedPeers == [one.id] })
        // As a peer with another address for it, node 1 insists on dialling itself.
        one.links.setPeers([PeerAddress(id: two.id, host: "127.0.0.1", port: 1)])
        two.links.shutDown()
        let again = try Peer(loop, 2) { $0.lonelyNanoseconds = 20_000_000 }
        again.links.setPeers([one.address])
        #expect(turn(loop) { again.refusals == ["node 1 dials node 2, not the other way round"] })
        shutDown(loop, one, two, again)
    }

    @Test func outsidersAreBounded() throws {
        let loop = try EventLoop()
        let one = try Peer(loop, 1) { $0.maximumOutsiders = 1 }
        let others = try (2...3).map { try Peer(loop, $0) { $0.lonelyNanoseconds = 2_000_000 } }
        for other in others { other.links.setPeers([one.address]) }
        #expect(turn(loop) { one.links.connectedPeers.count == 1 && others.contains { !$0.refusals.isEmpty } })
        #expect(others.flatMap(\.refusals) == ["too many nodes that are not peers of this one"])
        shutDown(loop, one, others[0], others[1])
    }

    /// A hand-made dialling side.
    private func answer(
        _ loop: EventLoop, _ target: Peer, _ bytes: [UInt8], expectEnd: Bool = true
    ) throws -> (handshake: PeerHandshake?, raw: [UInt8]) {
        let client = try RawClient(port: target.links.port)
        client.send(bytes, loop)
        #expect(turn(loop) {
            client.poll()
            return client.isAtEnd || (!expectEnd && !client.received.isEmpty)
        })
        guard client.received.count > 4 else { return (nil, client.received) }
        return (try PeerHandshake.decode(ByteSlice(client.received[4...])), client.received)
    }

    private func hello(_ sender: UInt32, _ receiver: UInt32, version: UInt16 = PeerHandshake.version) -> [UInt8] {
        let identity = PeerHandshake.PeerIdentity(
            clusterID: Self.cluster, sender: NodeID(sender), receiver: NodeID(receiver))
        return framed(PeerHandshake.hello(identity).encode(version: version).array)
    }

    @Test func aWrongVersionOrDirectionIsRefusedAndGarbageIsCut() throws {
        let loop = try EventLoop()
        let two = try Peer(loop, 2)
        two.links.setPeers([
            PeerAddress(id: NodeID(1), host: "127.0.0.1", port: 1),
            PeerAddress(id: NodeID(3), host: "127.0.0.1", port: 1),
        ])
        let version = try answer(loop, two, hello(1, 2, version: 9))
        #expect(version.handshake == .refusal("protocol version 9, this node speaks 5"))
        let direction = try answer(loop, two, hello(3, 2))
        #expect(direction.handshake == .refusal("node 2 dials node 3, not the other way round"))
        let malformed = try answer(loop, two, framed(Array(hello(1, 2)[4...20])))
        guard case .refusal(let reason) = malformed.handshake else {
            Issue.record("\(malformed)")
            return
        }
        #expect(reason.hasPrefix("malformed handshake"))
        #expect(try answer(loop, two, framed(Array("GET / HTTP/1.1".utf8))).raw.isEmpty)
        #expect(try answer(loop, two, Array("GET / HTTP/1.1\r\n\r\n".utf8)).raw.isEmpty)
        #expect(try answer(loop, two, [0xff, 0xff, 0xff, 0xff]).raw.isEmpty)
        #expect(try answer(loop, two, [0, 0, 0, 0]).raw.isEmpty)
        // A length above the handshake's limit, though allowed later.
        #expect(try answer(loop, two, [0, 0, 0x10, 0]).raw.isEmpty)
        #expect(two.events.isEmpty)
        #expect(two.refusals.count >= 6)
        shutDown(loop, two)
    }

    @Test func everyTruncatedHelloIsRefusedWithoutHarm() throws {
        let whole = PeerHandshake.hello(
            PeerHandshake.PeerIdentity(clusterID: Self.cluster, sender: NodeID(1), receiver: NodeID(2))
        ).encode()
        for count in 0..<whole.count {
            #expect(throws: PeerHandshake.Problem.self) { try PeerHandshake.decode(whole.slice(0, count)) }
        }
        var generator = SplitMix64(seed: 41)
        for _ in 0..<5_000 {
            var bytes = whole.array
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            bytes.removeLast(Int.random(in: 0..<8, using: &generator))
            do throws(PeerHandshake.Problem) {
                _ = try PeerHandshake.decode(ByteSlice(bytes))
            } catch {
                continue
            }
        }
        let text = PeerHandshake.refusal(String(repeating: "é", count: 2000)).encode()
        #expect(text.count <= PeerHandshake.maximumFrame)
        guard case .refusal = try PeerHandshake.decode(text) else {
            Issue.record("not a refusal")
            return
        }
    }

    @Test func aSilentStrangerIsCutOff() throws {
        let loop = try EventLoop()
        let two = try Peer(loop, 2) { $0.handshakeNanoseconds = 30_000_000 }
        #expect(try answer(loop, two, []).raw.isEmpty)
        #expect(two.refusals == ["no handshake in time"])
        shutDown(loop, two)
    }

    @Test func aServerThatSaysNothingIsGivenUpOn() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, ConnectionSettings(receive: .raw))
        let one = try Peer(loop, 1) { $0.handshakeNanoseconds = 20_000_000 }
        one.links.setPeers([PeerAddress(id: NodeID(2), host: "127.0.0.1", port: server.port)])
        #expect(turn(loop) { server.recorders.count >= 3 })
        #expect(one.reports == [.dialFailed(NodeID(2), reason: "no handshake in time")])
        shutDown(loop, one)
        server.close()
    }

    @Test func aNewerLinkOfTheSamePeerReplacesTheOlder() throws {
        let loop = try EventLoop()
        let two = try Peer(loop, 2)
        two.links.setPeers([PeerAddress(id: NodeID(1), host: "127.0.0.1", port: 1)])
        let older = try RawClient(port: two.links.port)
        older.send(hello(1, 2), loop)
        #expect(turn(loop) { two.events == ["up 1"] })
        let newer = try RawClient(port: two.links.port)
        // A frame right behind the hello is not lost, although it is longer than a handshake frame may be.
        newer.send(hello(1, 2) + framed([UInt8](repeating: 8, count: 5000)), loop)
        #expect(turn(loop) { two.events == ["up 1", "down 1", "up 1", "frame 1"] })
        #expect(two.frames == [[UInt8](repeating: 8, count: 5000)])
        #expect(turn(loop) {
            older.poll()
            return older.isAtEnd
        })
        for _ in 0..<3 { loop.turn(maximumWait: 0) }
        #expect(two.events.count == 4)
        shutDown(loop, two)
    }

    @Test func namesAreResolvedAwayFromTheLoop() throws {
        let loop = try EventLoop()
        let (one, two) = (try Peer(loop, 1), try Peer(loop, 2))
        two.links.setPeers([one.address])
        one.links.setPeers([
            PeerAddress(id: two.id, host: "localhost", port: two.links.port),
        ])
        #expect(turn(loop) { one.links.connectedPeers == [two.id] })
        shutDown(loop, one, two)
    }

    @Test func aPeerPortInUseIsAnError() throws {
        let loop = try EventLoop()
        let one = try Peer(loop, 1)
        let error = #expect(throws: SystemError.self) { try Peer(loop, 2, port: one.links.port) }
        #expect(error?.errno == EADDRINUSE)
        shutDown(loop, one)
    }
}
