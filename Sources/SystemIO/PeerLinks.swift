import Bytes
import CSystem
import Ports

/// TCP links to the other nodes of a cluster, on a port of their own. Loop thread only.
///
/// Of each pair the node with the lower id dials, so there is never more than one link by design; a newly accepted one
/// replaces an older one of the same peer, which a crash or a cut may have left half open. A link counts as up
/// after the handshake (`PeerHandshake`). A refused node keeps trying, at the longest backoff.
///
/// A node that is not a peer, but of this cluster, may call: it may have been removed, or not yet been added, and the
/// owner can tell it so. Outsiders are never dialled.
package final class PeerLinks: Transport {
    package var deliver: ((TransportEvent) -> Void)?
    /// Told of trouble, which is also logged.
    package var report: ((PeerReport) -> Void)?

    let loop: EventLoop
    let settings: PeerLinksSettings
    private let logger: LineLogger?
    private let resolver: NameResolver
    private let entropy = SystemEntropy()
    private var listener: Listener?
    private var links: [NodeID: PeerLink] = [:]
    private var recentRefusals: [(reason: String, at: UInt64)] = []
    private var isShutDown = false

    private static let refusalRepeatNanoseconds: UInt64 = 10_000_000_000

    /// Starts listening; the error names host and port. Dialling starts with `setPeers`.
    package init(loop: EventLoop, settings: PeerLinksSettings, logger: LineLogger? = nil) throws(SystemError) {
        self.loop = loop
        self.settings = settings
        self.logger = logger
        resolver = NameResolver(loop: loop)
        listener = try Listener(
            loop: loop,
            settings: ListenerSettings(
                host: settings.listenHost, port: settings.listenPort,
                maximumConnections: settings.maximumIncomingConnections, connection: connectionSettings)
        ) { [weak self] connection in
            guard let self else { return nil }
            watchForDeath(connection)
            return PeerSession(accepted: connection, self)
        }
        listener?.onAcceptFailure = { [weak self] error in
            self?.logger?.warning("cannot accept peers", ["reason": error])
        }
    }

    /// The port listened on.
    package var port: UInt16 { listener?.port ?? 0 }

    /// Peers whose link is up, ascending.
    package var connectedPeers: [NodeID] { links.values.filter { $0.session != nil }.map(\.id).sorted() }

    /// The nodes to have links with, this node itself left out. Nodes not named any more are outsiders from now on; a
    /// changed address is used from the next attempt on.
    package func setPeers(_ addresses: [PeerAddress]) {
        let wanted = addresses.filter { $0.id != settings.localID }
        for link in links.values where !wanted.contains(where: { $0.id == link.id }) { exclude(link) }
        for address in wanted {
            let link = links[address.id] ?? PeerLink(address.id, nil)
            let isNew = link.address == nil
            links[address.id] = link
            link.address = address
            guard isNew, link.session == nil else { continue }
            if dials(link) { dial(link) } else { retryLater(link) }
        }
    }

    /// Closes every link and stops listening and dialling.
    package func shutDown() {
        isShutDown = true
        for link in links.values { drop(link) }
        listener?.close()
        listener?.closeConnections("shutting down")
    }

    // MARK: Transport

    @discardableResult
    package func send(_ pieces: [ByteSlice], to peer: NodeID) -> Bool {
        guard let link = links[peer], let session = link.session, session.connection.isOpen else { return false }
        var total = 0
        for piece in pieces { total += piece.count }
        precondition(total > 0 && total <= settings.maximumFrame, "peer frame of \(total) bytes")
        if session.connection.queuedBytes > settings.queueLimit - total {
            session.connection.close(.closedLocally("more than \(settings.queueLimit) bytes queued"))
            return false
        }
        session.connection.send(Self.prefix(total))
        session.connection.send(pieces)
        return true
    }

    /// The length in front of a frame.
    static func prefix(_ count: Int) -> ByteSlice {
        var writer = ByteWriter(capacity: 4)
        writer.int32(Int32(count))
        return writer.finish()
    }
}

// MARK: - Dialling

extension PeerLinks {
    private var connectionSettings: ConnectionSettings {
        var connection = ConnectionSettings(receive: .frames(maximum: PeerHandshake.maximumFrame))
        connection.isPeer = true
        connection.receiveBuffer = 256 * 1024
        connection.readBudget = 4 << 20
        return connection
    }

    private func dials(_ link: PeerLink) -> Bool { settings.localID < link.id }

    private func dial(_ link: PeerLink) {
        guard let address = link.address, link.session == nil else { return }
        link.attempt += 1
        let attempt = link.attempt
        resolver.resolve(host: address.host, port: address.port) { [weak self] result in
            guard let self, link.attempt == attempt, !isShutDown else { return }
            do throws(SystemError) {
                try connect(link, to: try result.get())
            } catch {
                dialFailed(link, error.description)
            }
        }
    }

    private func connect(_ link: PeerLink, to address: SocketAddress) throws(SystemError) {
        link.dialer = try Dialer(loop: loop, to: address, within: settings.handshakeNanoseconds) { [weak self] result in
            guard let self else {
                if case .success(let descriptor) = result { holdfast_close(descriptor) }
                return
            }
            link.dialer = nil
            do throws(SystemError) {
                try greet(link, try result.get(), address)
            } catch {
                dialFailed(link, error.description)
            }
        }
    }

    private func greet(_ link: PeerLink, _ descriptor: Int32, _ address: SocketAddress) throws(SystemError) {
        let connection = try Connection(
            loop: loop, descriptor: descriptor, id: loop.newConnectionID(), peer: address.description,
            settings: connectionSettings, files: nil)
        watchForDeath(connection)
        let session = PeerSession(dialled: connection, to: link.id, self)
        connection.handler = session
        link.handshake = session
    }

    /// Without it a peer that lost its power would look alive for a quarter of an hour. A kernel that knows none of
    /// these options still leaves the node's own timeouts.
    private func watchForDeath(_ connection: Connection) {
        let result = holdfast_set_dead_peer_detection(
            connection.descriptor, settings.keepaliveSeconds, settings.unacknowledgedMilliseconds)
        if result < 0 {
            logger?.debug("no dead-peer detection", ["reason": systemErrorText(-result)])
        }
    }

    private func dialFailed(_ link: PeerLink, _ reason: String) {
        tell(.dialFailed(link.id, reason: reason), about: link)
        link.failures += 1
        retryLater(link)
    }

    private func retryLater(_ link: PeerLink) {
        guard !isShutDown, links[link.id] === link, link.address != nil, link.retryTimer == nil else { return }
        var delay = settings.minimumBackoffNanoseconds
        for _ in 0..<min(link.failures, 32) where delay < settings.maximumBackoffNanoseconds { delay *= 2 }
        delay = max(min(delay, settings.maximumBackoffNanoseconds), 2)
        if !dials(link) { delay = settings.lonelyNanoseconds }
        // Half fixed, half random: nodes that lost each other at one moment do not come back at one moment.
        let jittered = delay / 2 + entropy.next() % (delay / 2)
        link.retryTimer = loop.schedule(afterNanoseconds: jittered) { [weak self] in
            link.retryTimer = nil
            self?.dial(link)
        }
    }

    /// Not a peer any more. What is up stays, so that the node at the other end can be told.
    private func exclude(_ link: PeerLink) {
        link.address = nil
        link.attempt += 1
        if let timer = link.retryTimer { loop.cancel(timer) }
        link.retryTimer = nil
        link.dialer?.cancel()
        link.dialer = nil
        if link.session == nil { drop(link) }
    }

    private func drop(_ link: PeerLink) {
        links[link.id] = nil
        link.attempt += 1
        if let timer = link.retryTimer { loop.cancel(timer) }
        link.retryTimer = nil
        link.dialer?.cancel()
        link.dialer = nil
        link.handshake?.connection.close(.closedLocally("not a peer any more"))
        link.handshake = nil
        guard let session = link.session else { return }
        link.session = nil
        session.connection.close(.closedLocally("not a peer any more"))
        deliver?(.disconnected(link.id))
    }
}

// MARK: - Sessions

extension PeerLinks {
    func identity(to peer: NodeID) -> PeerHandshake.PeerIdentity {
        PeerHandshake.PeerIdentity(clusterID: settings.clusterID, sender: settings.localID, receiver: peer)
    }

    /// Nil when the sender of this hello may have a link.
    func reasonToRefuse(_ identity: PeerHandshake.PeerIdentity) -> String? {
        if identity.clusterID != settings.clusterID { return "another cluster's id" }
        if identity.receiver != settings.localID {
            return "this is node \(settings.localID), not node \(identity.receiver)"
        }
        if identity.sender == settings.localID { return "this is node \(identity.sender) itself" }
        guard let link = links[identity.sender], link.address != nil else {
            let outsiders = links.values.count { $0.address == nil }
            return outsiders < settings.maximumOutsiders ? nil : "too many nodes that are not peers of this one"
        }
        return dials(link) ? "node \(settings.localID) dials node \(identity.sender), not the other way round" : nil
    }

    func received(_ frame: ByteSlice, from peer: NodeID) { deliver?(.frame(from: peer, frame)) }

    func sessionUp(_ session: PeerSession, _ peer: NodeID) {
        guard !isShutDown else { return session.connection.close(.closedLocally("shutting down")) }
        let link = links[peer] ?? PeerLink(peer, nil)
        links[peer] = link
        let replaced = link.session
        link.session = session
        link.handshake = nil
        link.failures = 0
        link.lastReport = nil
        if let replaced {
            replaced.connection.close(.closedLocally("replaced by a newer link"))
            deliver?(.disconnected(peer))
        }
        logger?.info("peer connected", ["peer": peer, "address": session.connection.peer])
        deliver?(.connected(peer))
    }

    func sessionClosed(_ session: PeerSession, _ reason: CloseReason) {
        switch session.phase {
        case .over: break
        case .awaitingHello:
            tellIncoming(session.connection.peer, "\(reason)")
        case .awaitingWelcome(let peer):
            if let link = links[peer], link.handshake === session {
                link.handshake = nil
                dialFailed(link, "\(reason)")
            }
        case .up(let peer):
            guard let link = links[peer], link.session === session else { return }
            link.session = nil
            if link.address == nil { links[peer] = nil }
            if link.address != nil { tell(.linkLost(peer, reason: "\(reason)"), about: link) }
            deliver?(.disconnected(peer))
            retryLater(link)
        }
    }

    /// A handshake that ends here, before the session's connection is closed.
    func handshakeFailed(_ session: PeerSession, _ reason: String) {
        switch session.phase {
        case .up, .over: break
        case .awaitingHello: tellIncoming(session.connection.peer, reason)
        case .awaitingWelcome(let peer):
            guard let link = links[peer], link.handshake === session else { return }
            link.handshake = nil
            dialFailed(link, reason)
        }
    }

    /// The peer said no. It may change its mind (a membership change reaches it), so the attempts go on, slowly.
    func refused(_ session: PeerSession, _ reason: String) {
        guard case .awaitingWelcome(let peer) = session.phase, let link = links[peer], link.handshake === session
        else { return }
        link.handshake = nil
        link.failures = 32
        tell(.refused(by: peer, reason: reason), about: link)
        retryLater(link)
    }

    // MARK: Reports

    private func tell(_ report: PeerReport, about link: PeerLink) {
        guard link.lastReport != report else { return }
        link.lastReport = report
        publish(report)
    }

    /// A stranger who comes back every second is worth one line every ten.
    private func tellIncoming(_ address: String, _ reason: String) {
        let now = loop.monotonicNanoseconds
        recentRefusals.removeAll { now - $0.at >= Self.refusalRepeatNanoseconds }
        guard recentRefusals.count < 32, !recentRefusals.contains(where: { $0.reason == reason }) else { return }
        recentRefusals.append((reason, now))
        publish(.refusedIncoming(address: address, reason: reason))
    }

    private func publish(_ report: PeerReport) {
        switch report {
        case .refused(let peer, let reason): logger?.error("refused by peer", ["peer": peer, "reason": reason])
        case .refusedIncoming(let address, let reason):
            logger?.warning("refused a peer connection", ["address": address, "reason": reason])
        case .dialFailed(let peer, let reason):
            logger?.warning("cannot reach peer", ["peer": peer, "reason": reason])
        case .linkLost(let peer, let reason): logger?.warning("peer link lost", ["peer": peer, "reason": reason])
        }
        self.report?(report)
    }
}
