import Broker
import Bytes
import KafkaWire
import Node
import Ports

/// The Kafka front door of a node: what its sessions share. Owned by the event loop.
package final class KafkaGateway {
    package let node: Node
    package let settings: KafkaSettings
    var replica: Replica { node.replica }
    var broker: Broker { node.replica.broker }

    private var sessions: [ObjectIdentifier: KafkaSession] = [:]
    /// Sessions with something to send at the end of the turn.
    private var dirty: [KafkaSession] = []
    /// Sessions that stopped reading because too much was uncommitted.
    private var congested: [KafkaSession] = []
    /// Sessions with requests that wait for the end of a transfer of leadership.
    private var held: [KafkaSession] = []
    /// Sessions with responses that wait for entries.
    private var gated: [KafkaSession] = []
    private var fetches: [FetchWait] = []
    private var batches: [CommandBatch] = []
    /// Calls that wait for a leader.
    private var parked: [LeaderCall] = []
    /// Calls that wait until a majority has confirmed that this node leads.
    var confirming: [LeaderCall] = []
    /// Transfers of leadership that clients have asked for.
    private var transfers: [LeaderTransferWait] = []
    private var hasApplied = false
    /// Sessions with responses that wait for other disks than a majority's.
    private var awaitingDisks: [KafkaSession] = []
    /// Through which entry no node, one node, two nodes, … have the log, when it was last looked at.
    private var knownCopies: [UInt64] = []
    private(set) lazy var coordinator = GroupCoordinator(gateway: self)
    private lazy var time = TimeKeeper(gateway: self)
    private lazy var retention = RetentionKeeper(gateway: self)
    private(set) lazy var transactions = TransactionCoordinator(gateway: self)
    /// Since when this node has known no leader (monotonic nanoseconds); nil while it knows one.
    private var leaderlessSince: UInt64?

    /// Nanoseconds that pass while a request is handled. The node's own clock stands still during a turn.
    package var stopwatch: (() -> UInt64)?
    private(set) lazy var quotas = ClientQuotas(gateway: self)
    /// Sessions that are not read from, because of a quota.
    private var muted: [KafkaSession] = []

    package internal(set) var metrics = KafkaMetrics()

    package init(node: Node, settings: KafkaSettings) {
        self.node = node
        self.settings = settings
        node.onForwardedRequest = { [unowned self] request, answer in self.answerForwarded(request, answer) }
    }

    package func open(_ connection: any KafkaConnection) -> KafkaSession {
        open(connection, isForwarded: false)
    }

    private func open(_ connection: any KafkaConnection, isForwarded: Bool) -> KafkaSession {
        let session = KafkaSession(gateway: self, connection: connection, isForwarded: isForwarded)
        sessions[ObjectIdentifier(session)] = session
        return session
    }

    /// To be called when the connection is gone.
    package func close(_ session: KafkaSession) {
        session.end()
        sessions.removeValue(forKey: ObjectIdentifier(session))
        fetches.removeAll { $0.session === session }
        parked.removeAll { $0.session === session }
        confirming.removeAll { $0.session === session }
        transfers.removeAll { $0.call.session === session }
        gated.removeAll { $0 === session }
        awaitingDisks.removeAll { $0 === session }
        muted.removeAll { $0 === session }
        congested.removeAll { $0 === session }
        held.removeAll { $0 === session }
    }

    /// The process is gone, as far as a simulation is concerned: nobody is told anything any more, and what refers to
    /// each other is let go of.
    package func abandon() {
        for session in sessions.values { session.end() }
        sessions = [:]
        dirty = []
        congested = []
        held = []
        gated = []
        fetches = []
        batches = []
        parked = []
        confirming = []
        transfers = []
        node.abandon()
    }

    package var sessionCount: Int { sessions.count }

    /// To be called when entries were applied. Waiting consumers are looked at once at the end of the turn.
    package func onApplied() { hasApplied = true }

    /// To be called when the role or the leader changed: waiting consumers are told to look for the new leader.
    package func onRoleChange() {
        noteLeader()
        completeFetches { _ in true }
        settleTransfers()
        if !replica.isLeader { for session in awaitingDisks { session.failCopiesUnknown() } }
        coordinator.followLeadership()
    }

    private func noteLeader() {
        if replica.leader != nil {
            leaderlessSince = nil
        } else if leaderlessSince == nil {
            leaderlessSince = node.clock.monotonicNanoseconds
        }
    }

    /// This node has known no leader for longer than an election takes: it may be cut off from nodes that have one.
    var isLeftAlone: Bool {
        guard replica.leader == nil, let since = leaderlessSince else { return false }
        let patience = UInt64(settings.leaderPatienceMilliseconds) * 1_000_000
        return node.clock.monotonicNanoseconds - since >= patience
    }

    /// To be called some ten times a second: deadlines of long polls, of commands and of produce requests.
    package func tick() {
        noteLeader()
        let now = node.clock.monotonicNanoseconds
        completeFetches { $0.deadline <= now }
        for batch in batches where batch.deadline <= now { batch.expire() }
        batches.removeAll { $0.isComplete }
        refuseUnconfirmed(now: now)
        settleTransfers()
        time.tick()
        coordinator.tick()
        retention.tick(now: now)
        transactions.tick()
        for session in gated { session.expire(now: now) }
        for session in awaitingDisks { session.failUncopied() }
        unmute(now: now)
        quotas.forgetIdle(now: now)
        gated.removeAll { !$0.hasGatedResponses }
    }

    /// Sends what the turn has made ready; call after the node's own `endTurn`, on every turn.
    package func endTurn() {
        if hasApplied {
            hasApplied = false
            completeFetches { $0.isSatisfied(by: self) }
        }
        noteCopies()
        releaseHeld()
        retryParked()
        resumeCongested()
        while !dirty.isEmpty {
            let batch = dirty
            dirty = []
            for session in batch { session.flush() }
        }
        // A connection that was told to go on may have delivered requests meanwhile.
        node.endTurn()
    }

    /// Copies arrive without anything being applied.
    private func noteCopies() {
        guard !awaitingDisks.isEmpty else { return }
        awaitingDisks.removeAll { !$0.awaitsDisks }
        let flushed = (0...voters.count).map { replica.raft.flushedIndex(copies: $0) }
        if flushed == knownCopies { return }
        knownCopies = flushed
        for session in awaitingDisks { session.markDirty() }
    }

    private func unmute(now: UInt64) {
        let due = muted.filter { $0.mutedUntil <= now }
        muted.removeAll { $0.mutedUntil <= now }
        // One that goes on may deliver a request, and be muted again.
        for session in due { session.unmute() }
    }

    func markMuted(_ session: KafkaSession) { muted.append(session) }

    func markAwaitingDisks(_ session: KafkaSession) {
        if !awaitingDisks.contains(where: { $0 === session }) { awaitingDisks.append(session) }
    }

    func markDirty(_ session: KafkaSession) { dirty.append(session) }

    func markCongested(_ session: KafkaSession) {
        if !congested.contains(where: { $0 === session }) { congested.append(session) }
    }

    func markHeld(_ session: KafkaSession) { held.append(session) }

    func markGated(_ session: KafkaSession) { gated.append(session) }

    func add(_ fetch: FetchWait) { fetches.append(fetch) }

    func add(_ batch: CommandBatch) { batches.append(batch) }

    func add(_ transfer: LeaderTransferWait) { transfers.append(transfer) }

    private func settleTransfers() {
        guard !transfers.isEmpty else { return }
        let waiting = transfers
        transfers = []
        for wait in waiting {
            switch wait.outcome(self) {
            case nil: transfers.append(wait)
            case .elected: wait.completion(nil)
            case .refused(let refusal): wait.completion(refusal)
            }
        }
    }

    func park(_ call: LeaderCall) { parked.append(call) }

    private func retryParked() {
        guard !parked.isEmpty else { return }
        let calls = parked
        parked = []
        for call in calls { dispatch(call) }
    }

    private func releaseHeld() {
        guard !held.isEmpty, !replica.isHandingOver else { return }
        let sessions = held
        held = []
        for session in sessions { session.release() }
    }

    /// Congestion ends by entries being applied and by the loss of leadership.
    private func resumeCongested() {
        guard !congested.isEmpty, !replica.isCongested else { return }
        let sessions = congested
        congested = []
        for session in sessions { session.resume() }
    }

    private func completeFetches(_ isDue: (FetchWait) -> Bool) {
        guard !fetches.isEmpty else { return }
        var due: [FetchWait] = []
        fetches.removeAll { fetch in
            guard isDue(fetch) else { return false }
            due.append(fetch)
            return true
        }
        for fetch in due { fetch.session.complete(fetch) }
    }

    private func answerForwarded(_ request: ByteSlice, _ answer: @escaping (ByteSlice) -> Void) {
        let connection = ForwardedConnection(answer)
        let session = open(connection, isForwarded: true)
        connection.onAnswered = { [unowned self, unowned session] in self.close(session) }
        session.receive(request)
    }
}
