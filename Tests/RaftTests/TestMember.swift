import Raft

/// A message under way, with the entries the shell attached to an append.
struct Envelope: Hashable {
    var sender: MemberID
    var receiver: MemberID
    var message: RaftMessage
    var entries: [Entry] = []
}

/// The smallest shell around a `Raft`: a log in memory, a disk that works when it is told to, loads that are answered
/// when they are told to.
final class TestMember {
    struct PendingLoad: Hashable {
        var peer: MemberID
        var first: LogIndex
        var last: LogIndex
        var maximumBytes: Int
        /// Read when it was asked for; nil if the log no longer had them. A real read may be as old as this.
        var entries: [Entry]?
    }

    let id: MemberID
    let settings: RaftSettings
    var raft: Raft
    var disk: TestDisk
    var log: EntryLog
    var state: [UInt64]
    var loads: [PendingLoad] = []
    var offers: [(offer: SnapshotOffer, sender: MemberID)] = []
    var isUp = true
    /// Committed and not applied yet, when `appliesAtOnce` is off.
    var appliesAtOnce = true
    private(set) var unapplied: LogIndex = 0
    /// Entries of the append being stepped, and of the load just answered.
    private var arrived: (first: LogIndex, entries: [Entry])?
    private var loaded: (first: LogIndex, entries: [Entry])?

    init(id: MemberID, settings: RaftSettings, disk: TestDisk, seed: UInt64) {
        self.id = id
        self.settings = settings
        self.disk = disk
        log = disk.log
        state = disk.snapshot.state
        raft = Raft(id: id, settings: settings, restored: disk.restored, seed: seed)
    }

    func crash() {
        isUp = false
        disk.crash()
        loads = []
        offers = []
    }

    func restart(seed: UInt64) {
        isUp = true
        log = disk.log
        state = disk.snapshot.state
        unapplied = 0
        raft = Raft(id: id, settings: settings, restored: disk.restored, seed: seed)
    }

    func step(_ envelope: Envelope) -> [RaftOutput] {
        if case .append(let request) = envelope.message { arrived = (request.previous.index + 1, envelope.entries) }
        raft.step(envelope.message, from: envelope.sender)
        return raft.takeOutputs()
    }

    func propose(_ entries: [Entry]) -> ProposeResult {
        let result = raft.propose(count: entries.count)
        if case .accepted(let first, _) = result {
            let term = raft.term
            append(first.index, entries.map { Entry(term: term, payload: $0.payload, bytes: $0.bytes) })
        }
        return result
    }

    func change(_ change: MembershipChange, payload: UInt64) -> ChangeResult {
        let result = raft.change(change)
        if case .accepted(let position, let membership) = result {
            append(
                position.index, [Entry(term: position.term, payload: payload, bytes: 10, membership: membership)])
        }
        return result
    }

    /// What the shell does with an output, up to the messages it has to send.
    func perform(_ output: RaftOutput) -> Envelope? {
        switch output {
        case .saveHardState(let term, let vote): disk.submit(.save(term: term, vote: vote))
        case .truncateSuffix(let index):
            log.truncate(after: index)
            disk.submit(.truncate(after: index))
        case .acceptEntries(let first, let last): accept(first, last)
        case .appendNoop(let position): append(position.index, [Entry(term: position.term, payload: 0, bytes: 1)])
        case .loadEntries(let peer, let first, let last, let maximumBytes):
            loads.append(
                PendingLoad(
                    peer: peer, first: first, last: last, maximumBytes: maximumBytes, entries: read(first, last)))
        case .send(let message, let receiver): return envelope(message, to: receiver)
        case .receiveSnapshot(let offer, let sender): offers.append((offer, sender))
        case .commit(let index): if appliesAtOnce { apply(through: index) } else { unapplied = index }
        case .readReady, .readFailed, .role, .rejoined: break
        }
        return nil
    }

    private func append(_ first: LogIndex, _ entries: [Entry]) {
        log.write(first, entries)
        disk.submit(.write(first: first, entries, generation: raft.logGeneration))
    }

    private func accept(_ first: LogIndex, _ last: LogIndex) {
        guard let arrived else { preconditionFailure("no append is being stepped") }
        let from = Int(first - arrived.first)
        append(first, Array(arrived.entries[from...from + Int(last - first)]))
    }

    private func envelope(_ message: RaftMessage, to receiver: MemberID) -> Envelope {
        var envelope = Envelope(sender: id, receiver: receiver, message: message)
        if case .append(let request) = message, request.last > request.previous.index {
            guard let loaded, loaded.first == request.previous.index + 1,
                loaded.entries.map(\.term) == Self.terms(of: request)
            else { preconditionFailure("append \(request) for which \(String(describing: self.loaded)) was loaded") }
            envelope.entries = loaded.entries
        }
        return envelope
    }

    private static func terms(of request: AppendRequest) -> [Term] {
        (request.previous.index + 1...request.last).map { index in
            request.runs.last { $0.first <= index }?.term ?? 0
        }
    }

    func apply(through index: LogIndex) {
        while LogIndex(state.count) < index {
            guard let entry = log[LogIndex(state.count) + 1] else { preconditionFailure("nothing to apply") }
            state.append(entry.payload)
        }
        raft.onApplied(index)
    }

    /// Performs the oldest disk operation and reports it.
    func performDisk() -> TestDisk.Operation? {
        guard let operation = disk.perform() else { return nil }
        switch operation {
        case .save(let term, let vote): raft.onHardStateSaved(term: term, vote: vote)
        case .write(let first, let entries, let generation):
            guard let end = entries.last else { break }
            let position = Position(index: first + LogIndex(entries.count) - 1, term: end.term)
            raft.onFlushed(position, generation: generation)
        case .truncate: break
        case .snapshot(let snapshot, let logStart):
            log.forget(before: logStart)
            raft.onSnapshotTaken(snapshot.position, logStart: logStart)
        case .install(let snapshot):
            log = EntryLog(start: snapshot.position)
            state = snapshot.state
            raft.onSnapshotInstalled(snapshot.position, membership: snapshot.membership)
        }
        return operation
    }

    private func read(_ first: LogIndex, _ last: LogIndex) -> [Entry]? {
        first > log.start.index ? log.slice(first, last) : nil
    }

    /// Answers a load with as many entries as fit, at least one.
    func answerLoad(_ number: Int) {
        let load = loads.remove(at: number)
        guard var entries = load.entries else { return raft.onEntriesUnavailable(peer: load.peer, first: load.first) }
        var bytes = 0
        let count = entries.prefix { entry in
            bytes += entry.bytes
            return bytes <= load.maximumBytes
        }.count
        entries.removeLast(entries.count - max(1, count))
        loaded = (load.first, entries)
        let end = load.first + LogIndex(entries.count) - 1
        raft.onEntriesLoaded(
            peer: load.peer, first: load.first, last: end, bytes: entries.reduce(0) { $0 + $1.bytes })
    }

    /// A snapshot of the applied state, keeping `kept` entries below it in the log.
    func takeSnapshot(keeping kept: LogIndex) {
        let index = raft.appliedIndex
        guard index > raft.snapshotPosition.index, let term = raft.term(at: index) else { return }
        // The newest membership at or below the position.
        let entry = log.memberships(after: 0).last { $0.index <= index }
        let base = entry?.membership ?? disk.snapshot.membership
        let snapshot = Snapshot(position: Position(index: index, term: term), membership: base, state: state)
        let isQueued = disk.queue.contains { if case .snapshot = $0 { true } else { false } }
        guard !isQueued else { return }
        disk.submit(.snapshot(snapshot, logStart: index > kept ? max(index - kept, log.start.index) + 1 : 1))
    }
}
