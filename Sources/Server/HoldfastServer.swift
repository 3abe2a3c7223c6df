import Bytes
import KafkaGateway
import LogStore
import Node
import Ports
import Raft
import SystemIO

/// A running node: the loop, its disk, its links, its doors, put together.
package final class HoldfastServer {
    let configuration: Configuration
    let logger: LineLogger
    let loop: EventLoop
    let queue: SystemDiskQueue
    let links: PeerLinks
    let node: Node
    let gateway: KafkaGateway
    let commitNanoseconds = LogLinearHistogram()
    private var kafkaListener: Listener?
    private var adminServer: HTTPServer?
    /// When the server was asked to stop (monotonic nanoseconds); nil while it serves.
    private var stoppingSince: UInt64?
    private var hadLeadership = false
    /// Until then clients of a leader that stops may still ask who the next one is; 0 where nobody needs to.
    private var farewellEnd: UInt64 = 0
    /// Nothing reaches the log any more.
    private var isSealed = false
    /// The members as the log told of them last.
    var loggedMembership: Membership?
    private var exitCode: Int32 = 0

    /// Recovers the node from its data directory and opens its ports. Blocking.
    package init(_ configuration: Configuration) throws(ServerFault) {
        self.configuration = configuration
        logger = LineLogger(node: configuration.node.rawValue, level: configuration.logLevel)
        let signals: [Int32] = [15, 2]
        let parts = try Self.system { () throws(SystemError) in
            try ProcessMetrics.tuneMemory()
            return try EventLoop()
        }
        loop = parts
        let relay = SignalRelay()
        try Self.system { () throws(SystemError) in try parts.handleSignals(signals) { relay.handle($0) } }
        let disk = try Self.disk { () throws(DiskFailure) in
            // A missing directory is a missing disk or a wrong path, never a fresh start.
            try SystemDisk(root: configuration.data, creating: false)
        }
        queue = try Self.system { () throws(SystemError) in try SystemDiskQueue(loop: parts, disk: disk) }
        let identity = try Self.identity(disk, configuration)
        links = try Self.openLinks(loop, identity, configuration, logger)
        let environment = NodeEnvironment(
            settings: configuration.nodeSettings, disk: disk, queue: queue, transport: links, clock: loop,
            entropy: SystemEntropy())
        node = try Self.openNode(environment, identity, configuration, logger)
        gateway = KafkaGateway(node: node, settings: configuration.kafkaSettings)
        gateway.stopwatch = { SystemClock.monotonicNanoseconds }
        observe()
        try openDoors()
        try checkPeers()
        refreshPeers()
        relay.server = self
    }

    /// Serves until told to stop; returns the exit code.
    package func run() -> Int32 {
        scheduleTick()
        scheduleGatewayTick()
        loop.onTurnEnd { [unowned self] in
            self.node.endTurn()
            self.gateway.endTurn()
        }
        logger.info("serving", [
            "kafka": configuration.kafkaListen, "peers": configuration.peerListen, "admin": configuration.adminListen,
        ])
        loop.run()
        queue.shutDown()
        logger.info("stopped", ["exit": exitCode])
        return exitCode
    }

    private func scheduleTick() {
        let interval = UInt64(node.settings.tickMilliseconds) * 1_000_000
        loop.schedule(afterNanoseconds: interval) { [unowned self] in
            self.node.tick()
            self.continueStopping()
            self.scheduleTick()
        }
    }

    private func scheduleGatewayTick() {
        loop.schedule(afterNanoseconds: 50_000_000) { [unowned self] in
            self.gateway.tick()
            self.scheduleGatewayTick()
        }
    }

    private func openDoors() throws(ServerFault) {
        var connection = ConnectionSettings(receive: .frames(maximum: configuration.maximumRequestBytes))
        connection.receiveBuffer = 128 * 1024
        let settings = ListenerSettings(
            host: configuration.kafkaListen.host, port: configuration.kafkaListen.port,
            maximumConnections: configuration.maximumConnections, connection: connection)
        kafkaListener = try Self.system { () throws(SystemError) in
            try Listener(loop: loop, settings: settings, files: queue) { [unowned self] in
                KafkaClientConnection($0, gateway: self.gateway, logger: self.logger)
            }
        }
        let admin = HTTPServerSettings(host: configuration.adminListen.host, port: configuration.adminListen.port)
        adminServer = try Self.system { () throws(SystemError) in
            try HTTPServer(loop: loop, settings: admin, route: { [unowned self] in self.answerAdmin($0, $1) })
        }
    }
}

// MARK: - Stopping

extension HoldfastServer {
    /// Longest wait for another node to take over leadership.
    private static let handOverNanoseconds: UInt64 = 3_000_000_000
    /// A producer sends its next request within this time, and the answer names the next leader. One that only sees its
    /// connection end, of the few it has, may take the whole cluster for gone: librdkafka then begins anew with the
    /// addresses it was configured with, after one or two seconds.
    private static let farewellNanoseconds: UInt64 = 300_000_000

    /// SIGTERM or SIGINT: no new connections, leadership handed over, everything flushed, exit code 0.
    func beginStopping() {
        guard stoppingSince == nil else { return }
        stoppingSince = loop.monotonicNanoseconds
        logger.info("stopping", ["leader": node.replica.isLeader ? "yes" : "no"])
        kafkaListener?.close()
        hadLeadership = node.replica.isLeader
        node.beginHandOver()
    }

    /// Leadership is with another node, and the clients here have had time to hear of it.
    private var isHandedOver: Bool {
        if node.replica.isLeader || node.replica.isHandingOver { return false }
        if farewellEnd == 0, hadLeadership, kafkaListener?.connectionCount ?? 0 > 0 {
            farewellEnd = loop.monotonicNanoseconds + Self.farewellNanoseconds
        }
        return loop.monotonicNanoseconds >= farewellEnd
    }

    private func continueStopping() {
        guard let since = stoppingSince else { return }
        let patienceIsOver = loop.monotonicNanoseconds - since > Self.handOverNanoseconds
        node.replica.tickSync()
        guard isHandedOver || patienceIsOver || node.replica.raft.membership.voters.count == 1 else { return }
        guard queue.pendingBatches == 0 || patienceIsOver else { return }
        if !isSealed {
            isSealed = true
            kafkaListener?.closeConnections("shutting down")
            adminServer?.close()
            links.shutDown()
            node.replica.saveFlushedMark()
        }
        guard queue.pendingBatches == 0 || patienceIsOver else { return }
        loop.stop()
    }

    /// A fault is final: the process ends at once, because nothing it says from here on can be trusted.
    private func stop(_ fault: NodeFault) {
        if fault.isCuredByStart {
            logger.warning("node begins again", ["data": configuration.data, "reason": fault.description])
            beginAgain()
        }
        logger.error("node stops", ["data": configuration.data, "fault": fault.description])
        endProcess(code: 1)
    }
}

/// Breaks the cycle between the signal handler, which must exist before any thread, and the server.
private final class SignalRelay {
    weak var server: HoldfastServer?
    private var pending = false

    func handle(_ signal: Int32) {
        if let server { server.beginStopping() } else { endProcess(code: 0) }
    }
}

// MARK: - Putting together

extension HoldfastServer {
    private static func system<Result>(_ body: () throws(SystemError) -> Result) throws(ServerFault) -> Result {
        do {
            return try body()
        } catch {
            throw .system(error)
        }
    }

    private static func disk<Result>(_ body: () throws(DiskFailure) -> Result) throws(ServerFault) -> Result {
        do {
            return try body()
        } catch {
            throw .disk(error)
        }
    }

    private static func identity(
        _ disk: SystemDisk, _ configuration: Configuration
    ) throws(ServerFault) -> NodeIdentity {
        let identity: NodeIdentity
        do {
            identity = try Node.readIdentity(disk)
        } catch {
            throw .node(error, data: configuration.data)
        }
        guard identity.node == configuration.node else {
            throw .configuration(ConfigurationError(
                "\(configuration.data) belongs to node \(identity.node), not to node-id \(configuration.node)"))
        }
        return identity
    }

    private static func openLinks(
        _ loop: EventLoop, _ identity: NodeIdentity, _ configuration: Configuration, _ logger: LineLogger
    ) throws(ServerFault) -> PeerLinks {
        var cluster = ByteWriter(capacity: 16)
        cluster.uint64(identity.cluster.high)
        cluster.uint64(identity.cluster.low)
        var settings = PeerLinksSettings(
            localID: identity.node, clusterID: cluster.finish(), listenHost: configuration.peerListen.host,
            listenPort: configuration.peerListen.port)
        settings.maximumFrame = max(settings.maximumFrame, configuration.maximumRequestBytes + (4 << 20))
        return try system { () throws(SystemError) in try PeerLinks(loop: loop, settings: settings, logger: logger) }
    }

    private static func openNode(
        _ environment: NodeEnvironment, _ identity: NodeIdentity, _ configuration: Configuration, _ logger: LineLogger
    ) throws(ServerFault) -> Node {
        do {
            let opened = try Node.open(environment, identity: identity)
            for finding in opened.findings { logger.warning("recovery", ["finding": finding.description]) }
            let replica = opened.node.replica
            logger.info("recovered", [
                "first": replica.log.firstIndex, "last": replica.log.lastIndex, "term": replica.term,
                "applied": replica.appliedIndex, "topics": replica.broker.topicCount,
            ])
            if replica.raft.isRejoining {
                logger.warning(
                    "the machine has crashed since entries were written, and some may be lost: rejoining",
                    ["losses": replica.raft.rejoins])
            }
            return opened.node
        } catch {
            throw .node(error, data: configuration.data)
        }
    }

    /// One log line per state transition; waiting clients are told.
    private func observe() {
        let replica = node.replica
        replica.onFault = { [unowned self] in self.stop($0) }
        replica.onApplied = { [unowned self] in self.gateway.onApplied() }
        replica.onRoleChange = { [unowned self] change in
            self.logger.info("role changed", [
                "role": "\(change.role)", "term": change.term, "leader": change.leader.map { "\($0)" } ?? "none",
            ])
            self.gateway.onRoleChange()
        }
        replica.onOwnCommit = { [unowned self] in self.commitNanoseconds.record($0) }
        replica.onEvent = { [unowned self] in self.log($0) }
        replica.onConfiguration = { [unowned self] in self.membershipChanged() }
        replica.onRemoved = { [unowned self] in self.leaveCluster($0) }
        node.onForwardedAdmin = { [unowned self] in self.answerForwarded($0, $1) }
        node.onPeerEvent = { [unowned self] in self.log($0) }
    }

    private func log(_ event: ReplicaEvent) {
        switch event {
        case .admitting(let term): logger.info("taking requests as leader", ["term": term])
        case .snapshotWritten(let index, let bytes):
            logger.info("snapshot written", ["index": index, "bytes": bytes])
        case .snapshotReceived(let index, let bytes):
            logger.info("snapshot received", ["index": index, "bytes": bytes])
        case .jobFailed(let failure): logger.error("background disk work failed", ["failure": failure.description])
        case .prefixDeleted(let from, let before):
            logger.info("log prefix deleted", ["from": from, "before": before])
        case .indexDamaged(let first): logger.error("segment index is unreadable; made again", ["segment": first])
        case .damageFound(let first, let last):
            logger.error("entries are damaged; copies are asked for", ["first": first, "last": last])
        case .repaired(let first, let last, let peer):
            logger.info("damaged entries repaired", ["first": first, "last": last, "from": peer])
        case .readableAgain(let index):
            logger.info("damaged entry can be read again", ["index": index])
        case .repairRefused(let first, let last, let peer):
            logger.error("copies of damaged entries do not fit", ["first": first, "last": last, "from": peer])
        case .fileDamaged(let name): logger.error("file is damaged; written again", ["file": name])
        case .chainDiffers(let peer, let index):
            logger.error("history differs from a peer's", ["peer": peer, "index": index])
        case .unreadable(let first): logger.error("entry cannot be read for a peer", ["index": first])
        case .diskLow(let space):
            logger.error("disk is low on space", [
                "free": space.free, "total": space.total, "minimum": configuration.minimumFreeBytes,
            ])
        case .diskHasRoom(let space): logger.info("disk has room again", ["free": space.free, "total": space.total])
        case .intakeStopped(let low):
            let nodes = low.map { "\($0)" }.joined(separator: ",")
            logger.error("records are refused until disks have room", ["low": nodes])
        case .intakeResumed: logger.info("records are taken again")
        case .handingOverForSpace(let peer):
            logger.warning("leadership goes to a node with room on its disk", ["to": peer])
        case .cleaned(let key, let offset):
            logger.info("partition compacted", ["topic": key.topic, "partition": key.partition, "through": offset])
        case .rewritten(let bytes): logger.info("records moved out of old segments", ["bytes": bytes])
        case .replacementRefused(let keys):
            logger.info("records were changed while they were being moved", ["partitions": keys.count])
        case .rejoined:
            logger.info("has again what was lost when the machine crashed", ["applied": node.replica.appliedIndex])
        case .strangerRefused(let peer):
            logger.error("peer has another data directory than the one known; it is not heard", ["peer": peer])
        case .awaitingMembership:
            logger.warning("not a member yet: add this node with 'holdfast cluster add'")
        case .knownWithOtherData:
            logger.error(
                "the cluster knows this node's id with another data directory; remove that member first: "
                    + "'holdfast cluster remove --node \(configuration.node)'")
        }
    }

    private func log(_ event: PeerEvent) {
        switch event {
        case .connected(let peer): logger.info("peer connected", ["peer": peer])
        case .disconnected(let peer): logger.info("peer disconnected", ["peer": peer])
        case .rejectedFrame(let peer, let error):
            logger.warning("peer frame rejected", ["peer": peer, "reason": error.description])
        case .unknownGroup(let peer, let group):
            logger.warning("peer frame for an unknown group", ["peer": peer, "group": group])
        }
    }
}
