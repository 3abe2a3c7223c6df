import Bytes
import Node
import Raft

/// The invariants of RELIABILITY that can be seen in the nodes themselves, looked at after every event of a node. Reads
/// what nodes say of themselves and compares it between nodes and over time; it decides nothing for them.
final class ClusterObserver {
    private struct Seen {
        /// The highest term that this machine has told others it is in.
        var promisedTerm: UInt64 = 0
        /// The last vote it has told others of, and its term.
        var vote: (term: UInt64, candidate: Int)?
        var commit: UInt64 = 0
        /// The process of now has been looked at; of it these are known.
        var isFresh = true
        var leaderTerm: UInt64 = 0
        var leaderLast: UInt64 = 0
        var written: UInt64 = 0
        var flushed: UInt64 = 0
        /// Of a leader: the last entry it found, and those of its own after it that must be flushed to be committed.
        var strict: [UInt64] = []
        /// A snapshot through here is taking the place of the log, which may have had entries that nobody committed.
        var replacing: UInt64?
        /// What the disks before this one had. Acknowledgements of then may be counted after the disk is gone.
        var held: UInt64 = 0
        /// What it had written before a loss, and was counted on for, until the leader knows of the loss. No election
        /// goes without one of the others that were counted, as this one's vote is marked.
        var forgotten: UInt64 = 0
        /// What was flushed when the log had ended at each of its latest ends: what a header written then says.
        var marks: [(last: UInt64, flushed: UInt64)] = []

        mutating func take(_ view: ReplicaView, awaitsGoal: Bool) {
            forgotten = awaitsGoal ? max(forgotten, isFresh ? written : 0) : 0
            if isFresh || view.flushedIndex < flushed { replacing = nil }
            written = view.writtenIndex
            flushed = view.flushedIndex
            if leaderLast != view.lastIndex { noteMark(view) }
            isFresh = false
            leaderTerm = view.isLeader ? view.term : 0
            leaderLast = view.lastIndex
            commit = view.commitIndex
        }

        private mutating func noteMark(_ view: ReplicaView) {
            while let newest = marks.last, newest.last >= view.lastIndex { marks.removeLast() }
            marks.append((view.lastIndex, view.flushedIndex))
            if marks.count > 64 { marks.removeFirst() }
        }
    }

    /// Damage to one sector reaches no more entries than this.
    private static let entriesInSector: UInt64 = 16

    private var seen: [Seen]
    /// Who led each term. Looked up only.
    private var leaders: [UInt64: Int] = [:]
    /// The chain checksum of each committed entry, from index 1 on.
    private var committed: [UInt64] = [0]
    /// The term in which each of them was first seen to be committed.
    private var committedTerms: [UInt64] = [0]
    private var newLeader: Int?
    private(set) var elections = 0
    /// How often a leader has committed what no majority had on disk.
    private(set) var unflushedCommits = 0

    init(machines: Int) { seen = Array(repeating: Seen(), count: machines) }

    var committedIndex: UInt64 { UInt64(committed.count - 1) }

    /// The machine begins anew: another data directory has promised nothing.
    func diskReplaced(_ machine: Machine) {
        let before = seen[machine.number]
        seen[machine.number] = Seen()
        seen[machine.number].held = max(before.held, before.flushed)
    }

    func started(_ machine: Machine) { seen[machine.number].isFresh = true }

    /// A log that has the entry itself, as it was committed, must keep what follows.
    func received(snapshot index: UInt64, _ machine: Machine) {
        guard let replica = machine.node?.replica, index <= committedIndex,
            replica.chain(at: index) != committed[Int(index)]
        else { return }
        seen[machine.number].replacing = index
    }

    func becameLeader(_ machine: Machine, term: UInt64) {
        elections += 1
        newLeader = machine.number
    }

    /// I7: what a process has called durable is there when the next one starts, in the log or, while the log is being
    /// replaced, in the snapshot that replaces it; unless damage has just hit the disk.
    func lostDurable(_ machine: Machine) -> String? {
        guard let replica = machine.node?.replica else { return nil }
        let view = replica.view
        let kept = min(seen[machine.number].flushed, seen[machine.number].replacing ?? .max)
        guard max(view.lastIndex, replica.appliedIndex) < kept else { return nil }
        return "I7: the log of node \(machine.id) \(shortfall(machine, view))"
    }

    private func shortfall(_ machine: Machine, _ view: ReplicaView) -> String {
        "ends at \(view.lastIndex), and was durable to \(seen[machine.number].flushed)"
    }

    /// What the process that has just started lacks of what the one before it had called durable, above the marks that
    /// damage to the end of the log leaves; nil if nothing. What lies below a mark it must never lose.
    func lostEntries(_ machine: Machine) -> String? {
        let before = seen[machine.number]
        guard let view = machine.node?.replica.view, view.lastIndex < before.flushed else { return nil }
        // What is above may not have reached the disk, and its headers with it.
        let mark = before.marks.last { $0.last + Self.entriesInSector <= before.flushed }?.flushed ?? 0
        if view.lastIndex < mark { return nil }
        return "the log \(shortfall(machine, view))"
    }

    /// The first invariant that `machine` breaks, or nil.
    func look(at machine: Machine, _ machines: [Machine]) -> String? {
        guard let replica = machine.node?.replica else { return nil }
        let view = replica.view
        let number = machine.number
        let now = seen[number]
        if view.term < now.promisedTerm {
            return "I6: node \(machine.id) is in term \(view.term) and has told others of \(now.promisedTerm)"
        }
        if !now.isFresh, view.commitIndex < now.commit {
            return "I6: the commit of node \(machine.id) went back from \(now.commit) to \(view.commitIndex)"
        }
        if view.lastIndex < view.commitIndex { return "I15: node \(machine.id) has lost what it committed" }
        noteStrict(replica, view, now, number)
        if let wrong = lookAtLeader(machine, replica, view, now) { return wrong }
        if let wrong = compareCommitted(machine, replica, view, from: now.isFresh ? 0 : now.commit) { return wrong }
        let awaitsGoal = replica.raft.isRejoining && replica.raft.rejoinGoal == nil
        seen[number].take(view, awaitsGoal: awaitsGoal)
        return view.commitIndex > now.commit && view.isLeader ? checkQuorum(machine, replica, view) : nil
    }

    /// What leaves a machine must hold after any crash: the term it speaks of and the vote it gives. A message begins
    /// with its kind, the group, and the sender's term.
    func frameSent(_ bytes: ByteSlice, from: Int, to: Int) -> String? {
        guard bytes.count >= 13, (Self.voteRequest...Self.lastRaftKind).contains(bytes[0]) else { return nil }
        let term = bytes.uint64(at: 5)
        seen[from].promisedTerm = max(seen[from].promisedTerm, term)
        let isVote = bytes[0] == Self.voteReply && bytes[bytes.count - 1] & 1 == 1
        guard isVote || bytes[0] == Self.voteRequest else { return nil }
        let candidate = isVote ? to : from
        if let vote = seen[from].vote, vote.term == term, vote.candidate != candidate {
            return "I6: node \(from + 1) voted for \(vote.candidate + 1) and for \(candidate + 1) in term \(term)"
        }
        if seen[from].vote.map({ $0.term < term }) ?? true { seen[from].vote = (term, candidate) }
        return nil
    }

    private static let voteRequest: UInt8 = 3
    private static let voteReply: UInt8 = 4
    private static let lastRaftKind: UInt8 = 11

    private func lookAtLeader(
        _ machine: Machine, _ replica: Replica, _ view: ReplicaView, _ before: Seen
    ) -> String? {
        guard view.isLeader else { return nil }
        let term = view.term
        // Whoever else comes to lead it finds this machine there.
        if before.leaderTerm != term {
            if let other = leaders[term], other != machine.number {
                return "I1: nodes \(other + 1) and \(machine.id) both lead term \(term)"
            }
            leaders[term] = machine.number
        }
        let last = view.lastIndex
        if before.leaderTerm == term, !before.isFresh, last < before.leaderLast {
            return "I2: leader \(machine.id) of term \(term) cut its log from \(before.leaderLast) to \(last)"
        }
        guard newLeader == machine.number else { return nil }
        newLeader = nil
        // A candidate that slept while others went on may come to lead a term that is over: it need not have what was
        // committed since.
        let needed = UInt64(committedTerms.lastIndex { $0 < term } ?? 0)
        if last < needed {
            return "I4: leader \(machine.id) of term \(term) ends at \(last), but \(needed) is committed"
        }
        if let chain = replica.chain(at: needed), chain != committed[Int(needed)] {
            return "I4: leader \(machine.id) of term \(term) has another history at \(needed)"
        }
        return nil
    }

    /// I5: what one node has committed, every node has committed likewise.
    private func compareCommitted(
        _ machine: Machine, _ replica: Replica, _ view: ReplicaView, from before: UInt64
    ) -> String? {
        let commit = view.commitIndex
        guard commit > before else { return nil }
        var index = max(before + 1, view.firstIndex)
        while index <= commit {
            guard let chain = replica.chain(at: index) else { return nil }
            if index < UInt64(committed.count) {
                if committed[Int(index)] != chain { return "I5: node \(machine.id) committed another entry \(index)" }
            } else if index == UInt64(committed.count) {
                committed.append(chain)
                committedTerms.append(view.term)
            } else {
                return "I5: node \(machine.id) committed \(index), but nobody has committed \(committed.count)"
            }
            index += 1
        }
        return nil
    }

    private func noteStrict(_ replica: Replica, _ view: ReplicaView, _ before: Seen, _ number: Int) {
        guard view.isLeader else { return seen[number].strict = [] }
        if before.leaderTerm != view.term || before.isFresh { return seen[number].strict = [view.lastIndex] }
        guard view.lastIndex > before.leaderLast else { return }
        for index in before.leaderLast + 1...view.lastIndex where !replica.isRelaxed(index) {
            seen[number].strict.append(index)
        }
        let done = seen[number].strict.lastIndex { $0 <= view.commitIndex } ?? 0
        seen[number].strict.removeFirst(done)
    }

    /// I7, by what the nodes said last of their own disks. Relaxed entries at the end of what is committed are with the
    /// operating systems of a majority, at least.
    private func checkQuorum(_ machine: Machine, _ replica: Replica, _ view: ReplicaView) -> String? {
        let voters = replica.raft.membership.voters
        let commit = view.commitIndex
        let strict = seen[machine.number].strict.last { $0 <= commit } ?? commit
        let onDisk = holders(of: strict, voters) { $0.flushed }
        if onDisk < voters.count / 2 + 1 {
            let count = "\(onDisk) of \(voters.count)"
            return "I7: node \(machine.id) committed \(strict), which \(count) have on disk"
        }
        let inMemory = holders(of: commit, voters) { max($0.written, $0.forgotten) }
        if inMemory < voters.count / 2 + 1 {
            let count = "\(inMemory) of \(voters.count)"
            return "I7: node \(machine.id) committed \(commit), which \(count) have in memory"
        }
        if strict < commit, holders(of: commit, voters, { $0.flushed }) < voters.count / 2 + 1 { unflushedCommits += 1 }
        return nil
    }

    private func holders(of index: UInt64, _ voters: [UInt32], _ cursor: (Seen) -> UInt64) -> Int {
        voters.count { voter in
            let seen = seen[Int(voter) - 1]
            return max(cursor(seen), seen.held) >= index
        }
    }

    /// I18: all members that run have equal logs and states. Nil if they do.
    func difference(_ members: [Machine]) -> String? {
        let replicas = members.compactMap { $0.node?.replica }
        guard let first = replicas.first else { return "no node is up" }
        for other in replicas.dropFirst() {
            if other.log.lastIndex != first.log.lastIndex || other.appliedIndex != first.appliedIndex {
                return "node \(other.node) ends at \(other.log.lastIndex), applied \(other.appliedIndex); node "
                    + "\(first.node) at \(first.log.lastIndex), applied \(first.appliedIndex)"
            }
            let pair = "nodes \(first.node) and \(other.node)"
            if other.log.lastChain != first.log.lastChain { return "\(pair): other history" }
            if other.broker.digest() != first.broker.digest() { return "\(pair): other state" }
        }
        return nil
    }
}
