import Broker
import Bytes
import KafkaWire

/// One group of the consumer protocol (KIP-848) as its coordinator, the leader, runs it: what its members are to read,
/// and how they get there. All of that is in the log; here is only how far ahead of the log the coordinator is, and
/// when members are overdue. No I/O: time comes in as monotonic nanoseconds, answers go out through closures.
///
/// Some of the members may speak the classic protocol, while a group is on its way from one to the other. They are told
/// what to read, too, a generation being their epoch.
final class ConsumerProtocolGroup {
    let name: String
    let settings: GroupSettings
    let catalog: TopicCatalog
    /// A fresh suffix for a member id.
    let makeSuffix: () -> String
    /// Writes a step to the log; the answer is how that ended.
    private let store: (ConsumerMembershipChange, @escaping (KafkaErrorCode) -> Void) -> Void

    /// With the steps that are still on their way to the log.
    private(set) var state: ConsumerMembership
    /// The log has `state` when these are there. It has something else while a group has yet to leave the classic
    /// protocol.
    private(set) var isStored: Bool
    /// By member id.
    private var clocks: [String: Clock] = [:]
    private var steps: [Step] = []
    private var nextStep: UInt64 = 0
    /// Topics as they were when they were last compared with the target.
    private var seen: DirectoryStamp?
    var patterns: SubscribedPatterns

    private struct Clock {
        /// When the session runs out; monotonic nanoseconds.
        var session: UInt64
        /// When the member must have done what is awaited of it.
        var patience: UInt64?
    }

    /// A change on its way to the log, and who waits for it.
    private struct Step {
        let number: UInt64
        var waiting: [(KafkaErrorCode) -> Void]
    }

    init(
        name: String, state: ConsumerMembership, isStored: Bool, now: UInt64, settings: GroupSettings,
        catalog: TopicCatalog, makeSuffix: @escaping () -> String,
        store: @escaping (ConsumerMembershipChange, @escaping (KafkaErrorCode) -> Void) -> Void
    ) {
        self.name = name
        self.settings = settings
        self.catalog = catalog
        self.makeSuffix = makeSuffix
        patterns = SubscribedPatterns(catalog)
        self.store = store
        self.state = state
        self.isStored = isStored
        for member in state.members { touch(member, now: now) }
    }

    /// Nothing is lost when this is dropped.
    var isIdle: Bool { state.members.isEmpty && steps.isEmpty }

    // MARK: Steps

    /// Goes on to `next`; `done` is told when all up to it is in the log.
    func advance(to next: ConsumerMembership, _ done: @escaping (KafkaErrorCode) -> Void) {
        if next == state, isStored {
            if steps.isEmpty { return done(.none) }
            return steps[steps.count - 1].waiting.append(done)
        }
        let before = (state: state, isStored: isStored)
        let change = isStored
            ? ConsumerMembershipChange(group: name, from: state, to: next)
            : ConsumerMembershipChange(group: name, to: next)
        state = next
        isStored = true
        nextStep += 1
        let number = nextStep
        steps.append(Step(number: number, waiting: [done]))
        var isProposed = false
        store(change) { [self] code in
            // Refused at once: the log will never have it.
            if !isProposed, code.isError {
                (state, isStored) = before
                seen = nil
            }
            guard let position = steps.firstIndex(where: { $0.number == number }) else { return }
            for waiting in steps.remove(at: position).waiting { waiting(code) }
        }
        isProposed = true
    }

    /// A new epoch, and the target that belongs to it.
    func retarget(_ next: inout ConsumerMembership) {
        next.epoch = max(next.epoch &+ 1, 1)
        let assignor = preferredAssignor(of: next.members)
        next.assignor = assignor.rawValue
        patterns.keep(next.members)
        let targets = assignor.targets(of: next.members, reading: subscriptions(of: next.members), catalog.find)
        for (position, target) in targets.enumerated() where next[position].target != target {
            next[position].target = target
        }
        seen = catalog.stamp
    }

    /// Names of the topics that each of `members` reads.
    func subscriptions(of members: [ConsumerMember]) -> [[String]] { members.map { patterns.topics(of: $0) } }

    private func preferredAssignor(of members: [ConsumerMember]) -> Assignor {
        let votes = members.compactMap { $0.assignor.flatMap(Assignor.init) }
        return Assignor.allCases.max { left, right in
            let counts = (votes.count(where: { $0 == left }), votes.count(where: { $0 == right }))
            // Of equals the first.
            return counts.0 < counts.1 || (counts.0 == counts.1 && left == .range)
        } ?? .uniform
    }

    /// The target does not have exactly the partitions of the topics that are read.
    func topicsHaveChanged(_ next: ConsumerMembership) -> Bool {
        let stamp = catalog.stamp
        if seen == stamp { return false }
        seen = stamp
        var wanted: [UInt32: Int] = [:]
        for name in Set(subscriptions(of: next.members).joined()) {
            if let topic = catalog.find(name) { wanted[topic.number] = topic.partitions }
        }
        var covered: [UInt32: Int] = [:]
        for member in next.members {
            for key in member.target { covered[key.topic, default: 0] += 1 }
        }
        return wanted != covered
    }

    // MARK: Time

    /// The member was heard of. With `revokesAnew`, it has just been told what to do.
    func touch(_ member: ConsumerMember, now: UInt64, revokesAnew: Bool = true) {
        let milliseconds = member.classic.map { Int($0.sessionTimeoutMilliseconds) }
        let session = UInt64(max(milliseconds ?? settings.consumerSessionMilliseconds, 0)) * 1_000_000
        let patience = UInt64(max(member.rebalanceTimeoutMilliseconds, 0)) * 1_000_000
        let running = revokesAnew ? nil : clocks[member.id]?.patience
        clocks[member.id] = Clock(
            session: now + session, patience: state.awaits(member) ? running ?? now + patience : nil)
    }

    func tick(now: UInt64) {
        let overdue = state.members.filter { member in
            guard let clock = clocks[member.id] else { return false }
            if clock.session <= now { return true }
            // A static member that is away has nothing to give up any more, whatever it was told before.
            return clock.patience.map { $0 <= now } ?? false && state.awaits(member)
        }
        guard !overdue.isEmpty else { return }
        var next = state
        remove(overdue.map(\.id), from: &next)
        advance(to: next) { _ in }
        forgetClocks()
    }

    /// The others share out anew. If only members of the classic protocol are left, they will do so themselves.
    func remove(_ ids: [String], from next: inout ConsumerMembership) {
        for id in ids { next.remove(id) }
        if !next.isClassic { retarget(&next) }
    }

    func forgetClocks() { clocks = clocks.filter { state.position(of: $0.key) != nil } }
}
