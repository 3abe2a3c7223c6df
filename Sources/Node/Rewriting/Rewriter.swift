import Broker

/// The upkeep of the log by its leader: moves what is left in old segments, so that they can go, and has compacted
/// topics cleaned. One piece of work after the other, at a bounded rate, and off the loop where it takes time. What
/// fails is found again in the next round. See `Broker`'s page on compaction.
final class Rewriter: ProposalWaiter {
    private unowned let replica: Replica
    /// Monotonic nanoseconds.
    private var nextRound: UInt64 = 0
    /// Disks are low: what is written anew takes space before anything becomes free.
    private var isShortOfSpace = false
    private var survey: RewriteSurvey?
    /// What the last survey has found, in the order in which it is to be done.
    private var plans: [Plan] = []
    private var current: (any RewriteTask)?
    /// Tells an answer that comes for work given up.
    private(set) var epoch: UInt64 = 0
    /// Bytes that may be read now.
    private var credit = 0
    /// Somebody waits for credit.
    private var isShort = false

    private enum Plan {
        case merge([PartitionKey])
        case clean(Broker.CleaningPlan)
        case empty(through: UInt64)
    }

    init(_ replica: Replica) { self.replica = replica }

    func tick() {
        guard replica.admission != nil, replica.fault == nil else { return stop() }
        if isShortOfSpace != replica.isIntakeStopped {
            isShortOfSpace.toggle()
            stop()
        }
        let settings = replica.settings
        let perTick = settings.rewriteBytesPerSecond / max(1_000 / settings.tickMilliseconds, 1)
        credit = min(credit + max(perTick, 1), settings.rewriteBytesPerSecond)
        if isShort, mayGoOn {
            isShort = false
            current?.goOn()
        }
        if current == nil { plans.isEmpty ? lookAround() : beginNext() }
    }

    /// Another leads, or nobody, or disks have become low.
    private func stop() {
        if current == nil, survey == nil, plans.isEmpty { return }
        epoch += 1
        current = nil
        survey = nil
        plans = []
        isShort = false
    }

    private func lookAround() {
        let now = replica.clock.monotonicNanoseconds
        if survey == nil {
            guard now >= nextRound else { return }
            survey = RewriteSurvey(replica)
        }
        guard survey?.step(replica) == true, let finished = survey else { return }
        survey = nil
        nextRound = now + UInt64(replica.settings.rewriteCheckMilliseconds) * 1_000_000
        if !isShortOfSpace {
            if !finished.scattered.isEmpty { plans.append(.merge(finished.scattered)) }
            plans += finished.cleanings.sorted { $0.dirtyBytes > $1.dirtyBytes }.map { .clean($0) }
        }
        let sparseEnd = finished.sparseEnd(replica, segments: isShortOfSpace ? 1 : .max)
        if let sparseEnd { plans.append(.empty(through: sparseEnd)) }
    }

    private func beginNext() {
        let task: any RewriteTask
        switch plans.removeFirst() {
        case .merge(let keys): task = Relocation.merging(keys, self, replica)
        case .clean(let plan):
            // As it is due now: the topic's settings may be others.
            guard let time = replica.agreedMilliseconds,
                let plan = replica.broker.cleaning(of: plan.key, at: time)
            else { return }
            task = Cleaning(self, replica, plan)
        case .empty(let end): task = Relocation.outOfEntries(through: end, self, replica)
        }
        current = task
        task.goOn()
    }

    // MARK: For the work under way

    /// Clients come first.
    var mayGoOn: Bool { credit > 0 && !replica.isCongested }

    /// True if so many bytes may be read now; otherwise the work will be told to go on.
    func mayRead() -> Bool {
        if mayGoOn { return true }
        isShort = true
        return false
    }

    func charge(_ bytes: Int) { credit -= bytes }

    func finish() {
        epoch += 1
        current = nil
    }

    /// Proposes `step`, and tells the work to go on when it is applied.
    func propose(_ step: inout ReplacementStep) {
        let (replacement, batches) = step.take()
        if !replica.propose(replacement, batches, waiter: self, ticket: epoch) { finish() }
    }

    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome) {
        guard ticket == epoch else { return }
        guard case .applied(.replaced(let refused)) = outcome else { return finish() }
        if !refused.isEmpty { replica.onEvent?(.replacementRefused(refused)) }
        current?.replaced(refused: refused)
    }
}

/// A piece of work on the log.
protocol RewriteTask: AnyObject {
    /// To be called at the beginning, and when there is credit again.
    func goOn()
    /// The step proposed is applied.
    func replaced(refused: [PartitionKey])
}
