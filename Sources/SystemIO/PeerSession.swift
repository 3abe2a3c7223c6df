import Bytes
import Ports

/// One connection between nodes, from the first byte of its handshake to its end. Loop thread only.
final class PeerSession: ConnectionHandler {
    let connection: Connection
    private(set) var phase: Phase
    private weak var links: PeerLinks?
    private var deadline: TimerID?

    enum Phase: Equatable {
        /// Accepted; the other side has to say who it is.
        case awaitingHello
        /// Dialled; our hello is out.
        case awaitingWelcome(NodeID)
        case up(NodeID)
        /// Refused or failed; nothing more is taken from it.
        case over
    }

    /// Accepted from someone.
    init(accepted connection: Connection, _ links: PeerLinks) {
        self.connection = connection
        self.links = links
        phase = .awaitingHello
        startDeadline(links)
    }

    /// Dialled to `peer`: sends the hello.
    init(dialled connection: Connection, to peer: NodeID, _ links: PeerLinks) {
        self.connection = connection
        self.links = links
        phase = .awaitingWelcome(peer)
        startDeadline(links)
        sendFrame(PeerHandshake.hello(links.identity(to: peer)).encode())
    }

    private func startDeadline(_ links: PeerLinks) {
        deadline = links.loop.schedule(afterNanoseconds: links.settings.handshakeNanoseconds) { [weak self] in
            self?.deadline = nil
            self?.fail("no handshake in time")
        }
    }

    private func cancelDeadline() {
        if let deadline { connection.loop.cancel(deadline) }
        deadline = nil
    }

    private func sendFrame(_ body: ByteSlice) {
        connection.send([PeerLinks.prefix(body.count), body])
    }

    /// Ends a session whose handshake did not work out, telling `PeerLinks` why.
    private func fail(_ reason: String) {
        links?.handshakeFailed(self, reason)
        phase = .over
        connection.close(.closedLocally(reason))
    }

    /// Tells the other side why before hanging up. The deadline keeps running, for a receiver that does not read.
    private func refuse(_ reason: String) {
        links?.handshakeFailed(self, reason)
        phase = .over
        sendFrame(PeerHandshake.refusal(reason).encode())
        connection.closeAfterFlush()
    }

    // MARK: ConnectionHandler

    func connection(_ connection: Connection, received frame: ByteSlice) {
        switch phase {
        case .up(let peer): links?.received(frame, from: peer)
        case .awaitingHello: receivedHello(frame)
        case .awaitingWelcome(let peer): receivedWelcome(frame, from: peer)
        case .over: break
        }
    }

    func connectionClosed(_ connection: Connection, reason: CloseReason) {
        cancelDeadline()
        links?.sessionClosed(self, reason)
        phase = .over
    }

    func connectionDrained(_ connection: Connection) {}

    // MARK: Handshake

    private func receivedHello(_ frame: ByteSlice) {
        guard let links else { return }
        do throws(PeerHandshake.Problem) {
            guard case .hello(let identity) = try PeerHandshake.decode(frame) else {
                return fail("the handshake did not begin with a hello")
            }
            if let reason = links.reasonToRefuse(identity) { return refuse(reason) }
            sendFrame(PeerHandshake.welcome(links.identity(to: identity.sender)).encode())
            comeUp(identity.sender)
        } catch {
            switch error {
            case .notOurProtocol: fail("not a peer of this protocol")
            case .version, .malformed: refuse(Self.describe(error))
            }
        }
    }

    private func receivedWelcome(_ frame: ByteSlice, from peer: NodeID) {
        guard let links else { return }
        do throws(PeerHandshake.Problem) {
            switch try PeerHandshake.decode(frame) {
            case .hello: fail("answered the hello with a hello")
            case .refusal(let reason):
                links.refused(self, reason)
                phase = .over
                connection.close(.closedLocally("refused by the peer"))
            case .welcome(let identity):
                guard identity == PeerHandshake.PeerIdentity(
                    clusterID: links.settings.clusterID, sender: peer, receiver: links.settings.localID)
                else { return fail("the peer says it is node \(identity.sender), or of another cluster") }
                comeUp(peer)
            }
        } catch {
            fail(Self.describe(error))
        }
    }

    private static func describe(_ problem: PeerHandshake.Problem) -> String {
        switch problem {
        case .notOurProtocol: "not a peer of this protocol"
        case .version(let version): "protocol version \(version), this node speaks \(PeerHandshake.version)"
        case .malformed(let error): "malformed handshake: \(error)"
        }
    }

    private func comeUp(_ peer: NodeID) {
        guard let links else { return }
        cancelDeadline()
        phase = .up(peer)
        connection.maximumFrame = links.settings.maximumFrame
        links.sessionUp(self, peer)
    }
}
