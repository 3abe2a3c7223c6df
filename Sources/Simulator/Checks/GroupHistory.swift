/// What members of consumer groups were told and did, and what that says about their coordinators. Knows nothing of the
/// broker's inside. Calls come in the order of what happened; what a client did before it was told something else may
/// have come before or after it, and is judged accordingly.
///
/// Only what is in the log counts: a deposed coordinator may tell members old things, and harms nobody as long as what
/// they commit then is refused.
package final class GroupHistory {
    /// Who a member says it is.
    package struct Claim: Equatable {
        package let group: Int
        package let isClassic: Bool
        package let member: String
        /// Of a static member (KIP-345).
        package let instance: String?
        /// Of a classic member the generation, else the member's epoch.
        package let generation: Int32

        package init(group: Int, isClassic: Bool, member: String, instance: String?, generation: Int32) {
            self.group = group
            self.isClassic = isClassic
            self.member = member
            self.instance = instance
            self.generation = generation
        }

        /// A static member stays the same through its processes.
        var holder: String { instance.map { "instance \($0)" } ?? member }
    }

    /// A commit of one partition on its way, with what was known when it was sent.
    package struct Attempt {
        let claim: Claim
        let partition: Int
        let offset: Int64
        let tenure: Int
        let sent: Int
        let floor: Int64
        let inTransaction: Bool
        /// Why it must be refused.
        package let objection: String?

        var description: String {
            "partition \(partition): the commit of \(offset) by \(claim.holder) of \(claim.generation)"
        }
    }

    package enum Answer {
        case acknowledged
        /// It was not carried out and never will be.
        case refused
        /// It may have been carried out, or may be yet.
        case unknown
    }

    struct Share: Equatable {
        let holder: String
        let partitions: [Int]
    }

    private struct Commit {
        let tenure: Int
        let sent: Int
        let acknowledged: Int
    }

    /// Offsets of a transaction that the coordinator has taken, and whose end nobody has asked for yet.
    private struct Open {
        /// When the attempt was sent, which tells it from others.
        let sent: Int
        let accepted: Int
        var isEnding = false
        /// What somebody was told meanwhile who wanted to know stable offsets only.
        var told: Int64?
    }

    private struct Partition {
        /// What the group has committed at least; -1 for nothing.
        var floor: Int64 = -1
        /// How many commits of each offset may be in the log. Looked up only.
        var possible: [Int64: Int] = [:]
        /// What has been processed, from 0 on.
        var processed: Int64 = 0
        /// Acknowledged ones, in order.
        var commits: [Commit] = []
        var open: [Open] = []
    }

    /// The members of one generation of the classic protocol.
    private struct Generation {
        let number: Int32
        /// By leading members, one of which was heard.
        var proposed: [Share] = []
        /// As members were told.
        var told: [Share] = []
    }

    /// A process that has taken a static member's place: when it asked for that, and when it was told.
    private struct Succession {
        let instance: String
        let member: String
        let asked: Int
        let told: Int
        /// It had not been a member before. One that joins again may have been told so by a coordinator of before, and
        /// may have displaced nobody; what it commits from now on is all the same no more the replaced one's.
        let isNew: Bool
    }

    private struct Group {
        var partitions: [Partition]
        var generations: [Generation] = []
        /// The newest generation that a member was given its share of, and the newest epoch of any member.
        var newestGeneration: Int32 = -1
        var newestEpoch: Int32 = -1
        /// By member. Looked up only.
        var epochs: [String: Int32] = [:]
        var successions: [Succession] = []
    }

    private var groups: [Group] = []
    private var clock = 0
    private var tenures = 0

    package init() {}

    package func addGroup(partitions: Int) -> Int {
        groups.append(Group(partitions: Array(repeating: Partition(), count: partitions)))
        return groups.count - 1
    }

    /// The moment before whatever follows.
    package func stamp() -> Int {
        clock += 1
        return clock
    }

    /// A member begins to read a partition.
    package func newTenure() -> Int {
        tenures += 1
        return tenures
    }

    /// The newest generation or epoch that anybody was told.
    package func newest(_ group: Int) -> Int32 { max(groups[group].newestGeneration, groups[group].newestEpoch) }

    package func processed(_ group: Int, _ partition: Int) -> Int64 { groups[group].partitions[partition].processed }

    // MARK: Who reads what

    /// A leading member of the classic protocol sends who is to read what.
    package func proposes(_ claim: Claim, _ shares: [(holder: Claim, partitions: [Int])]) {
        let position = generation(claim)
        for share in shares {
            groups[claim.group].generations[position].proposed.append(
                Share(holder: share.holder.holder, partitions: share.partitions))
        }
    }

    private func generation(_ claim: Claim) -> Int {
        let number = claim.generation
        if let found = groups[claim.group].generations.lastIndex(where: { $0.number == number }) { return found }
        groups[claim.group].generations.append(Generation(number: number))
        return groups[claim.group].generations.count - 1
    }

    /// A member of the classic protocol, which began to ask for it at `asked`, was given its share of a generation.
    /// Answers what is wrong with that, if anything.
    package func assigned(_ claim: Claim, _ partitions: [Int], asked: Int) -> String? {
        let share = Share(holder: claim.holder, partitions: partitions)
        let position = generation(claim)
        let known = groups[claim.group].generations[position]
        let name = "generation \(claim.generation)"
        if !known.proposed.contains(share) {
            return "assignment: \(claim.holder) was given \(partitions) of \(name), which nobody assigned to it"
        }
        for other in known.told where other.holder != share.holder {
            guard let both = partitions.first(where: other.partitions.contains) else { continue }
            return "two owners: \(other.holder) and \(share.holder) were given partition \(both) of \(name)"
        }
        if let before = known.told.first(where: { $0.holder == share.holder }), before != share {
            return "assignment: \(share.holder) was given \(before.partitions) and then \(partitions) of \(name)"
        }
        groups[claim.group].generations[position].told.append(share)
        groups[claim.group].newestGeneration = max(groups[claim.group].newestGeneration, claim.generation)
        if let instance = claim.instance {
            groups[claim.group].successions.append(
                Succession(instance: instance, member: claim.member, asked: asked, told: stamp(), isNew: true))
        }
        return nil
    }

    /// A member that named `sent` as its epoch, 0 to join, at `asked`, was told the one of `claim`: one of the consumer
    /// protocol, or one of the classic protocol in a group with such members. Answers what is wrong with that, if
    /// anything.
    package func told(_ claim: Claim, sent: Int32, asked: Int) -> String? {
        if sent > 0, claim.generation < sent {
            return "epoch: \(claim.holder) was at \(sent), and was told \(claim.generation)"
        }
        let before = groups[claim.group].epochs[claim.member]
        groups[claim.group].epochs[claim.member] = max(before ?? 0, claim.generation)
        groups[claim.group].newestEpoch = max(groups[claim.group].newestEpoch, claim.generation)
        if let instance = claim.instance, before == nil || sent == 0 {
            groups[claim.group].successions.append(
                Succession(
                    instance: instance, member: claim.member, asked: asked, told: stamp(), isNew: before == nil))
        }
        return nil
    }

    // MARK: Reading

    /// A member has read the records from one offset up to another. Answers what is wrong with that, if anything.
    package func processed(_ group: Int, _ partition: Int, from: Int64, to: Int64) -> String? {
        let before = groups[group].partitions[partition].processed
        if from > before {
            return "skipped: partition \(partition) was read from \(from), but only up to \(before) before"
        }
        groups[group].partitions[partition].processed = max(before, to)
        return nil
    }

    // MARK: Committing

    package func commits(
        _ claim: Claim, _ partition: Int, _ offset: Int64, tenure: Int, inTransaction: Bool = false
    ) -> Attempt {
        let objection = objection(claim)
        if objection == nil, !inTransaction {
            groups[claim.group].partitions[partition].possible[offset, default: 0] += 1
        }
        return Attempt(
            claim: claim, partition: partition, offset: offset, tenure: tenure, sent: stamp(),
            floor: groups[claim.group].partitions[partition].floor, inTransaction: inTransaction, objection: objection)
    }

    /// Why a commit that is sent now must be refused; nil if it may be carried out.
    package func objection(_ claim: Claim) -> String? {
        let group = groups[claim.group]
        if let newest = group.epochs[claim.member], claim.generation < newest {
            return "\(claim.member) had gone on to \(newest)"
        }
        if claim.generation < group.newestGeneration {
            return "the classic generation \(group.newestGeneration) had followed"
        }
        guard let instance = claim.instance else { return nil }
        let own = group.successions.last { $0.member == claim.member }
        let other = group.successions.last { other in
            other.isNew && other.instance == instance && other.member != claim.member
                && other.asked > own?.told ?? .max
        }
        return other.map { "\($0.member) had taken its place as \(instance)" }
    }

    /// What became of it. Answers what is wrong with that, if anything.
    package func answered(_ attempt: Attempt, _ answer: Answer) -> String? {
        switch answer {
        case .unknown: nil
        case .refused: refused(attempt)
        case .acknowledged: accepted(attempt) ?? ended(attempt)
        }
    }

    private func refused(_ attempt: Attempt) -> String? {
        if attempt.objection == nil {
            groups[attempt.claim.group].partitions[attempt.partition].possible[attempt.offset, default: 0] -= 1
        }
        return nil
    }

    /// The coordinator has taken it; if it belongs to a transaction, for when that is committed. Answers what is wrong
    /// with that, if anything.
    package func accepted(_ attempt: Attempt) -> String? {
        let what = attempt.description
        if let objection = attempt.objection { return "stale: \(what) was acknowledged, but \(objection)" }
        let commit = Commit(tenure: attempt.tenure, sent: attempt.sent, acknowledged: stamp())
        let group = attempt.claim.group
        if isInterrupted(commit, groups[group].partitions[attempt.partition].commits) {
            return "two owners: \(what) was acknowledged, but another member has committed since it began to"
        }
        groups[group].partitions[attempt.partition].commits.append(commit)
        if attempt.inTransaction {
            groups[group].partitions[attempt.partition].open.append(Open(sent: attempt.sent, accepted: stamp()))
        }
        return nil
    }

    /// Its transaction may be committed from now on.
    package func asked(_ attempt: Attempt) {
        changeOpen(attempt) { $0.isEnding = true }
        groups[attempt.claim.group].partitions[attempt.partition].possible[attempt.offset, default: 0] += 1
    }

    /// It counts: it was acknowledged, or its transaction was committed. Answers what is wrong with that, if anything.
    package func ended(_ attempt: Attempt) -> String? {
        if attempt.offset < attempt.floor {
            return "went back: \(attempt.description) was acknowledged, but \(attempt.floor) was committed before"
        }
        var told: Int64?
        changeOpen(attempt) { told = $0.told }
        if let told {
            return "unstable: \(told) was told of partition \(attempt.partition) while a transaction was open that "
                + "committed \(attempt.offset)"
        }
        raise(attempt.claim.group, attempt.partition, to: attempt.offset)
        return nil
    }

    private func changeOpen(_ attempt: Attempt, _ change: (inout Open) -> Void) {
        let group = attempt.claim.group
        let open = groups[group].partitions[attempt.partition].open
        guard let position = open.lastIndex(where: { $0.sent == attempt.sent }) else { return }
        change(&groups[group].partitions[attempt.partition].open[position])
    }

    private func raise(_ group: Int, _ partition: Int, to offset: Int64) {
        groups[group].partitions[partition].floor = max(groups[group].partitions[partition].floor, offset)
    }

    /// Somebody else has committed between two commits of one who never gave the partition up.
    private func isInterrupted(_ commit: Commit, _ before: [Commit]) -> Bool {
        guard let first = before.first(where: { $0.tenure == commit.tenure }) else { return false }
        return before.contains {
            $0.tenure != commit.tenure && $0.sent > first.acknowledged && $0.acknowledged < commit.sent
        }
    }

    // MARK: Asking for what is committed

    /// What whoever asks now must be told at least.
    package func floor(_ group: Int, _ partition: Int) -> Int64 { groups[group].partitions[partition].floor }

    /// Somebody was told what is committed and stable, -1 for nothing, and had asked at `asked`, when `floor` was.
    /// Answers what is wrong with that, if anything.
    package func fetched(_ group: Int, _ partition: Int, _ offset: Int64, floor: Int64, asked: Int) -> String? {
        if offset < 0, floor >= 0 { return "lost: \(floor) was committed of partition \(partition), and is gone" }
        if offset < floor { return "went back: \(floor) was committed of partition \(partition), now \(offset) is" }
        if offset >= 0, groups[group].partitions[partition].possible[offset] ?? 0 <= 0 {
            return "phantom: \(offset) of partition \(partition) was never committed"
        }
        // Whether these were still open, and not aborted by then, is known when they are committed.
        for (position, open) in groups[group].partitions[partition].open.enumerated()
        where open.accepted < asked && !open.isEnding {
            groups[group].partitions[partition].open[position].told = offset
        }
        raise(group, partition, to: offset)
        return nil
    }
}
