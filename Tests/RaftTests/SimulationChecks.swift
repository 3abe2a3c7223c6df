import Raft
import Testing

/// The checkers of the simulation: each property of the paper's Figure 3 and the project's own, against what is really
/// on the members' disks.
struct SimulationChecks {
    private(set) var failures: [String] = []
    private var leaderOfTerm: [Term: MemberID] = [:]
    /// Entries known committed, from index 1.
    private(set) var committed: [Entry] = []
    private var checked: [MemberID: Int] = [:]
    /// Members whose last role output said leader.
    private var leading: Set<MemberID> = []
    /// Commit as the outputs told it, so that it is right in the middle of a batch.
    private var commitOf: [MemberID: LogIndex] = [:]
    private var reads: [UInt64: LogIndex] = [:]
    private var highestTerm: [MemberID: Term] = [:]
    private var spokenTerm: [MemberID: Term] = [:]
    private var voteInTerm: [[UInt64]: MemberID] = [:]

    init() {}

    mutating func fail(_ what: String) { if failures.count < 5 { failures.append(what) } }

    mutating func noteRestart(_ member: TestMember) {
        checked[member.id] = nil
        leading.remove(member.id)
        commitOf[member.id] = member.raft.commitIndex
        // A term that was entered and not saved may be forgotten: nothing was said in it (`checkDurable`).
        if member.raft.term < spokenTerm[member.id] ?? 0 { fail("\(member.id) forgot a term it had spoken in") }
        highestTerm[member.id] = member.raft.term
    }

    /// No later read may see less than what was committed anywhere when it was asked for.
    mutating func noteRead(_ id: UInt64, members: [TestMember]) {
        reads[id] = members.map { $0.raft.commitIndex }.max() ?? 0
    }

    mutating func observe(_ output: RaftOutput, of member: TestMember, among members: [TestMember]) {
        let term = member.raft.term
        if term < highestTerm[member.id] ?? 0 { fail("term of \(member.id) went back to \(term)") }
        highestTerm[member.id] = max(term, highestTerm[member.id] ?? 0)
        switch output {
        case .role(let change) where change.role == .leader:
            leading.insert(member.id)
            checkLeader(change, member)
        case .role: leading.remove(member.id)
        case .truncateSuffix(let index):
            if index < commitOf[member.id] ?? 0 { fail("\(member.id) truncates below commit") }
            if leading.contains(member.id) { fail("leader \(member.id) truncates its log") }
        case .commit(let index):
            if index <= commitOf[member.id] ?? 0 { fail("commit of \(member.id) went back to \(index)") }
            commitOf[member.id] = index
            noteCommit(index, member, members)
        case .send(let message, let receiver): checkDurable(message, to: receiver, from: member)
        case .readReady(let id, let index):
            guard let bound = reads.removeValue(forKey: id) else { return fail("read \(id) answered twice") }
            if index < bound { fail("stale read \(id): \(index) < \(bound)") }
        case .readFailed(let id): if reads.removeValue(forKey: id) == nil { fail("read \(id) answered twice") }
        default: break
        }
    }

    /// Election safety (§5.2) and leader completeness (§5.4).
    private mutating func checkLeader(_ change: RoleChange, _ member: TestMember) {
        if let other = leaderOfTerm[change.term], other != member.id { fail("two leaders in term \(change.term)") }
        leaderOfTerm[change.term] = member.id
        for (number, entry) in committed.enumerated() {
            let index = LogIndex(number + 1)
            guard index > member.log.start.index else { continue }
            if member.log[index] != entry { return fail("leader \(member.id) of \(change.term) lacks \(index)") }
        }
    }

    /// A leader's commit: a majority of the voters has the very entries on disk.
    private mutating func noteCommit(_ index: LogIndex, _ member: TestMember, _ members: [TestMember]) {
        guard leading.contains(member.id) || index > LogIndex(committed.count) else { return }
        while LogIndex(committed.count) < index {
            guard let entry = member.log[LogIndex(committed.count + 1)] else { return fail("commit of nothing") }
            committed.append(entry)
        }
        guard leading.contains(member.id) else { return fail("follower \(member.id) commits \(index) first") }
        let voters = member.raft.membership.voters
        let holders = members.filter { voters.contains($0.id) && holds($0.disk, through: index) }
        if holders.count <= voters.count / 2 { fail("commit \(index) with \(holders.map(\.id)) of \(voters)") }
    }

    private func holds(_ disk: TestDisk, through index: LogIndex) -> Bool {
        if disk.snapshot.position.index >= index { return true }
        guard disk.log.last >= index else { return false }
        var at = disk.log.start.index + 1
        while at <= index {
            if disk.log[at] != committed[Int(at) - 1] { return false }
            at += 1
        }
        return true
    }

    /// A message promises nothing that a crash now would take back.
    private mutating func checkDurable(_ message: RaftMessage, to receiver: MemberID, from member: TestMember) {
        let disk = member.disk
        if !message.isWellFormed { fail("ill-formed \(message) from \(member.id)") }
        switch message {
        case .preVoteRequest, .preVoteReply: return
        case .voteReply(let reply) where reply.isGranted:
            if disk.term < reply.term || (disk.term == reply.term && disk.vote != receiver) {
                fail("\(member.id) votes for \(receiver) in \(reply.term), its disk says \(disk.term)")
            }
            let key = [reply.term, UInt64(member.id)]
            if voteInTerm[key] ?? receiver != receiver { fail("\(member.id) votes twice in \(reply.term)") }
            voteInTerm[key] = receiver
        case .appendReply(let reply):
            if case .flushed(let index) = reply.outcome, disk.log.last < index {
                fail("\(member.id) reports \(index), its disk has \(disk.log.last)")
            }
        case .snapshotReply(let reply) where disk.log.last < reply.installed:
            fail("\(member.id) reports snapshot \(reply.installed), its disk has \(disk.log.last)")
        case .append(let request): checkAppend(request, member)
        default: break
        }
        spokenTerm[member.id] = max(message.term, spokenTerm[member.id] ?? 0)
        if message.term > disk.term { fail("\(member.id) speaks in term \(message.term), disk \(disk.term)") }
    }

    private mutating func checkAppend(_ request: AppendRequest, _ member: TestMember) {
        var index = request.previous.index + 1
        while index <= request.last {
            let term = request.runs.last { $0.first <= index }?.term
            if member.log[index]?.term != term { fail("\(member.id) sends \(index) with a wrong term") }
            index += 1
        }
    }

    /// State-machine safety (§5.4.3): what is applied at an index is what is committed there.
    mutating func checkApplied(_ member: TestMember) {
        let from = checked[member.id] ?? 0
        guard member.state.count <= committed.count else { return fail("\(member.id) applied above commit") }
        guard from <= member.state.count else { return fail("\(member.id) went back") }
        for number in from..<member.state.count where member.state[number] != committed[number].payload {
            return fail("\(member.id) applied \(member.state[number]) at \(number + 1)")
        }
        checked[member.id] = member.state.count
    }

    /// Log matching (§5.3): same index and term, same entries up to there.
    mutating func checkLogs(of members: [TestMember]) {
        for (number, one) in members.enumerated() {
            for other in members.dropFirst(number + 1) { compare(one, other) }
        }
    }

    private mutating func compare(_ one: TestMember, _ other: TestMember) {
        var index = min(one.log.last, other.log.last)
        let low = max(one.log.start.index, other.log.start.index)
        while index > low, one.log.term(at: index) != other.log.term(at: index) { index -= 1 }
        while index > low {
            if one.log[index] != other.log[index] { return fail("logs of \(one.id), \(other.id) differ at \(index)") }
            index -= 1
        }
    }

    /// Every member of the newest membership has applied `payload` and all logs end alike.
    mutating func hasConverged(_ members: [TestMember], on payload: UInt64) -> Bool {
        guard let leader = members.first(where: { $0.raft.role == .leader }), leader.state.contains(payload) else {
            return false
        }
        let all = leader.raft.membership
        let inGroup = members.filter { all.contains($0.id) }
        let ends = inGroup.allSatisfy {
            $0.raft.lastPosition == leader.raft.lastPosition && $0.raft.flushedIndex == leader.raft.lastPosition.index
                && $0.state == leader.state
        }
        for member in members { checkApplied(member) }
        return ends
    }
}
