import Raft

/// A log entry of the tests: `payload` is unique, so that equal logs can be told from logs of equal length.
struct Entry: Hashable {
    var term: Term
    var payload: UInt64
    var bytes: Int
    var membership: Membership?
}

struct Snapshot: Hashable {
    var position: Position
    var membership: Membership
    /// The machine: the payloads applied so far.
    var state: [UInt64]
}

/// Entries after `start`, in memory or on the disk.
struct EntryLog: Hashable {
    var start: Position
    var entries: [Entry] = []

    var last: LogIndex { start.index + LogIndex(entries.count) }

    subscript(index: LogIndex) -> Entry? {
        guard index > start.index, index <= last else { return nil }
        return entries[Int(index - start.index - 1)]
    }

    func term(at index: LogIndex) -> Term? { index == start.index ? start.term : self[index]?.term }

    func slice(_ first: LogIndex, _ end: LogIndex) -> [Entry] {
        Array(entries[Int(first - start.index - 1)..<Int(end - start.index)])
    }

    mutating func truncate(after index: LogIndex) {
        if index < last { entries.removeLast(Int(last - index)) }
    }

    mutating func forget(before first: LogIndex) {
        guard first > start.index + 1, first <= last + 1, let term = term(at: first - 1) else { return }
        entries.removeFirst(Int(first - 1 - start.index))
        start = Position(index: first - 1, term: term)
    }

    mutating func write(_ first: LogIndex, _ added: [Entry]) {
        precondition(first == last + 1, "write of \(first) behind \(last)")
        entries += added
    }

    var runs: [TermRun] { runs(after: start.index) }

    func runs(after index: LogIndex) -> [TermRun] {
        var runs: [TermRun] = []
        for (number, entry) in entries.enumerated() {
            let at = start.index + LogIndex(number) + 1
            if at > index, runs.last?.term != entry.term { runs.append(TermRun(term: entry.term, first: at)) }
        }
        return runs
    }

    func memberships(after index: LogIndex) -> [MembershipEntry] {
        entries.enumerated().compactMap { number, entry in
            let at = start.index + LogIndex(number) + 1
            guard at > index, let membership = entry.membership else { return nil }
            return MembershipEntry(index: at, membership: membership)
        }
    }
}

/// What survives a crash, and the work that has not reached it yet: done in order, one operation at a time.
struct TestDisk {
    enum Operation: Hashable {
        case save(term: Term, vote: MemberID?)
        case write(first: LogIndex, [Entry], generation: UInt64)
        case truncate(after: LogIndex)
        case snapshot(Snapshot, logStart: LogIndex)
        case install(Snapshot)
    }

    private(set) var term: Term = 0
    private(set) var vote: MemberID?
    private(set) var snapshot: Snapshot
    private(set) var log: EntryLog
    private(set) var queue: [Operation] = []

    init(snapshot: Snapshot) {
        self.snapshot = snapshot
        log = EntryLog(start: snapshot.position)
    }

    mutating func submit(_ operation: Operation) { queue.append(operation) }

    /// Performs the oldest operation.
    mutating func perform() -> Operation? {
        guard !queue.isEmpty else { return nil }
        let operation = queue.removeFirst()
        switch operation {
        case .save(let term, let vote):
            self.term = term
            self.vote = vote
        case .write(let first, let entries, _): log.write(first, entries)
        case .truncate(let index): log.truncate(after: index)
        case .snapshot(let snapshot, let logStart):
            // One that was installed meanwhile is newer, and the log starts after that one.
            guard snapshot.position.index > self.snapshot.position.index else { break }
            self.snapshot = snapshot
            log.forget(before: logStart)
        case .install(let snapshot):
            self.snapshot = snapshot
            log = EntryLog(start: snapshot.position)
        }
        return operation
    }

    mutating func crash() { queue.removeAll() }

    /// For tests that begin in the middle of a history.
    mutating func preset(term: Term, vote: MemberID?, entries: [Entry]) {
        self.term = term
        self.vote = vote
        log.entries = entries
    }

    var restored: RestoredState {
        RestoredState(
            term: term, vote: vote, snapshot: snapshot.position, runs: log.runs(after: snapshot.position.index),
            lastIndex: log.last, baseMembership: snapshot.membership,
            memberships: log.memberships(after: snapshot.position.index))
    }
}

/// The same generator as the core's, for the tests' own dice.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// `0 ..< bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// True in `percent` of 100 cases.
    mutating func happens(_ percent: Int) -> Bool { below(100) < percent }

    mutating func element<T>(of list: [T]) -> T? { list.isEmpty ? nil : list[below(list.count)] }
}
