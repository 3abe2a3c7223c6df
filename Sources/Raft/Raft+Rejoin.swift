// A member that has lost entries it had said to have, when the operating system crashed before they were flushed
// (Liskov and Cowling, Viewstamped Replication Revisited, §4.3: a replica that recovers takes part in no election).

import Planted

extension Raft {
    /// Our vote says less than others do.
    var mayLack: Bool {
        #if DEBUG
        if Planted.has(.votesWhileRejoining) { return false }
        #endif
        return isRejoining
    }

    /// What a peer that has ever rejoined is told: from when on it has again what it had. Before an entry of our own
    /// term is committed nothing, as our commit index may be behind that of those before us.
    func rejoinGoal(of number: Int) -> RejoinGoal? {
        guard let known = peers[number].progress.rejoins, known > 0, isCommitCurrent else { return nil }
        return RejoinGoal(rejoins: known, commit: machine.committed)
    }

    private var isCommitCurrent: Bool {
        #if DEBUG
        if Planted.has(.rejoinsTooEarly) { return true }
        #endif
        return machine.committed >= noop
    }

    /// A leader that knows of our last loss counts no more on what we lost: whatever it has committed so far, and no
    /// more, it may have committed with that.
    mutating func aim(at goal: RejoinGoal) {
        guard isRejoining, rejoinGoal == nil, goal.rejoins == rejoins else { return }
        rejoinGoal = goal.commit
        finishRejoining()
    }

    /// All that was ever committed with our help is in our log again, and on disk.
    mutating func finishRejoining() {
        guard let rejoinGoal, min(machine.committed, intact) >= rejoinGoal else { return }
        endRejoining()
    }

    /// Also of whom enough members elected: it has all that is committed.
    mutating func endRejoining() {
        rejoinGoal = nil
        guard isRejoining else { return }
        isRejoining = false
        outbox.put(.rejoined)
    }
}
