import Broker
import Bytes
import KafkaWire

/// One group of the classic protocol as its coordinator, the leader, runs it: who is a member, and where the group is
/// on its way from one generation to the next. Only what the members have agreed on is stored (`GroupGeneration`); a
/// new coordinator begins with that, so a change of leadership moves nobody. No I/O: time comes in as monotonic
/// nanoseconds, answers go out through closures.
///
/// ```
///            join                 all are back, or time is up           the leading member's assignment is stored
///   empty ─────────▶ joining ─────────────────────────────▶ assigning ───────────────────────────────▶ stable
///                      ▲  └─ nobody came: empty                │                                         │
///                      └──────────────── join, leave, a session runs out ────────────────────────────────┘
/// ```
final class ClassicGroup {
    /// Kafka's names: Empty, PreparingRebalance, CompletingRebalance, Stable.
    enum Phase: String {
        case empty = "Empty"
        case joining = "PreparingRebalance"
        case assigning = "CompletingRebalance"
        case stable = "Stable"
    }

    let name: String
    let settings: GroupSettings
    /// Writes a generation to the log; the answer is whether it is committed.
    let store: (GroupGeneration, @escaping (Bool) -> Void) -> Void
    /// A fresh suffix for a member id.
    let makeSuffix: () -> String

    var phase = Phase.empty
    var generation: Int32
    var protocolType: String
    var protocolName: String?
    /// Id of the member that assigns.
    var leader: String?
    /// In the order in which they joined.
    var members: [ClassicMember] = []
    /// Ids given out to clients that have not joined with them yet, and when they lapse (KIP-394).
    var pending: [(id: String, deadline: UInt64)] = []
    /// When joining ends, whoever is missing.
    var joinDeadline: UInt64 = 0
    /// The first members of an empty group wait for more (KIP-134): what is left of the longest wait, nanoseconds.
    var gathering: Gathering?
    /// When members that have not asked for their assignment are removed.
    var syncDeadline: UInt64 = 0
    /// The generation that is on its way to the log.
    var storing: Int32?
    /// The last member has left, and the log does not say so yet: it would bring the old members back.
    var hasUnstoredEnd = false

    struct Gathering {
        var remaining: UInt64
        var hasGrown = false
    }

    init(
        stored: GroupGeneration, now: UInt64, settings: GroupSettings, makeSuffix: @escaping () -> String,
        store: @escaping (GroupGeneration, @escaping (Bool) -> Void) -> Void
    ) {
        name = stored.group
        self.settings = settings
        self.makeSuffix = makeSuffix
        self.store = store
        generation = stored.number
        protocolType = stored.protocolType
        protocolName = stored.protocolName
        leader = stored.leader
        members = stored.members.map { ClassicMember(stored: $0, protocolName: stored.protocolName ?? "", now: now) }
        phase = members.isEmpty ? .empty : .stable
    }

    func member(_ id: String) -> ClassicMember? { members.first { $0.id == id } }

    func member(instance: String) -> ClassicMember? { members.first { $0.instance == instance } }

    /// Nothing is lost when this is dropped.
    var isIdle: Bool { phase == .empty && pending.isEmpty && !hasUnstoredEnd }

    /// The member that a request comes from, by what it says of itself.
    func identify(_ id: String, instance: String?) throws(GroupRefusal) -> ClassicMember {
        let found = instance.map { member(instance: $0) } ?? member(id)
        guard let found else { throw GroupRefusal(code: .unknownMemberId) }
        if found.id != id { throw GroupRefusal(code: .fencedInstanceId) }
        return found
    }

    /// What the group keeps in memory for its members' sake.
    var byteCount: Int { members.reduce(0) { $0 + $1.byteCount } }

    var longestRebalance: UInt64 { members.map(\.rebalanceNanoseconds).max() ?? 0 }

    /// What the members have agreed on; each one's assignment is the one given.
    func agreement(_ assignment: (ClassicMember) -> ByteSlice) -> GroupGeneration {
        GroupGeneration(
            group: name, number: generation, protocolType: protocolType, protocolName: protocolName, leader: leader,
            members: members.map { $0.stored(subscribedBy: protocolName, assignment: assignment($0)) })
    }

    /// Time has passed.
    func tick(now: UInt64) {
        let hadPending = !pending.isEmpty
        pending.removeAll { $0.deadline <= now }
        for member in members where member.isOverdue(now) { remove(member, now: now) }
        switch phase {
        case .joining where joinDeadline <= now: joinTimeIsUp(now: now)
        case .joining where hadPending && pending.isEmpty: completeJoinIfAllAreBack(now: now)
        case .assigning where syncDeadline <= now && storing == nil: removeUnsynced(now: now)
        case .empty where hasUnstoredEnd && storing == nil: storeEnd()
        default: break
        }
    }

    /// The group is not run here any more: by this node, or in this protocol.
    func abandon(_ code: KafkaErrorCode) {
        storing = nil
        for member in members { member.answerAll(code) }
    }
}

/// Why a request of a member is refused.
struct GroupRefusal: Error {
    let code: KafkaErrorCode
    var message: String?
}

/// Numbers of the group coordinator, with Kafka's names and defaults.
package struct GroupSettings: Sendable {
    /// `group.min.session.timeout.ms` and `group.max.session.timeout.ms`
    package var minimumSessionMilliseconds: Int32 = 6_000
    package var maximumSessionMilliseconds: Int32 = 1_800_000
    /// `group.consumer.session.timeout.ms` and `group.consumer.heartbeat.interval.ms`, of the consumer protocol.
    package var consumerSessionMilliseconds = 45_000
    package var consumerHeartbeatMilliseconds = 5_000
    /// `group.initial.rebalance.delay.ms`
    package var initialRebalanceDelayMilliseconds = 3_000
    /// `group.max.size`, with those that have only an id yet. Kafka has no limit unless one is set.
    package var maximumMembers = 10_000
    /// Of all that the members say of themselves, and of all that they are assigned.
    package var maximumBytes = 8 << 20
    /// `offset.metadata.max.bytes`
    package var maximumMetadataBytes = 4_096
    /// `offsets.retention.minutes`, in milliseconds.
    package var offsetRetentionMilliseconds: Int64 = 7 * 86_400_000
    /// `offsets.retention.check.interval.ms`
    package var retentionCheckMilliseconds = 600_000

    package init() {}
}
