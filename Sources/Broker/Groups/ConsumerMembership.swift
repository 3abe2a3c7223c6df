import Bytes

/// The members of a group of the consumer protocol (KIP-848), and where each is on its way to what it is to read. The
/// coordinator decides; what it has decided is here, so that its successor goes on where it stopped.
package struct ConsumerMembership: Equatable, Sendable {
    /// Counts up with each change of what the assignment is made of; the target is always that of this epoch.
    package var epoch: Int32
    /// That made the target; empty before the first.
    package var assignor: String
    /// In order of their ids.
    package private(set) var members: [ConsumerMember] = []

    package init(epoch: Int32, assignor: String = "") {
        self.epoch = epoch
        self.assignor = assignor
    }

    package subscript(position: Int) -> ConsumerMember {
        get { members[position] }
        set {
            precondition(newValue.id == members[position].id, "ConsumerMembership: '\(newValue.id)' is another member")
            members[position] = newValue
        }
    }

    /// It is a group of the classic protocol, whose members the next generation brings back there.
    package var isClassic: Bool { !members.isEmpty && members.allSatisfy { $0.classic != nil } }

    package func position(of id: String) -> Int? {
        let place = place(of: id)
        return place < members.count && members[place].id == id ? place : nil
    }

    /// Of the static member with this `group.instance.id`.
    package func position(instance: String) -> Int? { members.firstIndex { $0.instance == instance } }

    private func place(of id: String) -> Int { members.lowerBound { $0.id < id } }

    /// Puts the member in, or in the place of the one with its id; returns its position.
    @discardableResult package mutating func put(_ member: ConsumerMember) -> Int {
        let place = place(of: member.id)
        if place < members.count, members[place].id == member.id {
            members[place] = member
        } else {
            members.insert(member, at: place)
        }
        return place
    }

    package mutating func remove(_ id: String) {
        if let position = position(of: id) { members.remove(at: position) }
    }

    package mutating func apply(_ change: ConsumerMembershipChange) {
        epoch = change.epoch
        assignor = change.assignor
        if change.replacesAll { members = [] }
        for id in change.removed { remove(id) }
        for member in change.changed { put(member) }
    }
}

package struct ConsumerMember: Equatable, Sendable {
    package let id: String
    /// `group.instance.id` of a static member (KIP-345).
    package var instance: String?
    package var rack: String?
    package var clientID: String
    package var clientHost: String
    package var rebalanceTimeoutMilliseconds: Int32
    /// Names, in order, each once.
    package var topics: [String]
    /// A regular expression for the names of others that it reads.
    package var pattern: String?
    /// The one it asks for.
    package var assignor: String?
    /// The group's epoch it has arrived at; 0 before the first, `awayEpoch` while a static member is away.
    package var epoch: Int32
    package var previousEpoch: Int32
    /// What it may read; this and the following in order.
    package var held: [PartitionKey] = []
    /// What it has been told to give up, and may still be reading.
    package var revoking: [PartitionKey] = []
    /// What it is to read.
    package var target: [PartitionKey] = []
    /// Of one that speaks the classic protocol, in a group on its way from one protocol to the other; nil for others.
    package var classic: ClassicTraits?

    package static let awayEpoch: Int32 = -2

    package init(
        id: String, instance: String?, rack: String?, clientID: String, clientHost: String,
        rebalanceTimeoutMilliseconds: Int32, topics: [String], pattern: String? = nil, assignor: String?,
        epoch: Int32 = 0, previousEpoch: Int32 = 0
    ) {
        self.id = id
        self.instance = instance
        self.rack = rack
        self.clientID = clientID
        self.clientHost = clientHost
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.topics = topics
        self.pattern = pattern
        self.assignor = assignor
        self.epoch = epoch
        self.previousEpoch = previousEpoch
    }
}

/// What the coordinator of a group of the consumer protocol must know besides of a member that speaks the classic one.
package struct ClassicTraits: Equatable, Sendable {
    package var sessionTimeoutMilliseconds: Int32
    /// What it speaks, the best first.
    package var protocols: [ClassicProtocol]
    /// Of its subscription; it understands an assignment of that, too.
    package var version: Int16

    package init(sessionTimeoutMilliseconds: Int32, protocols: [ClassicProtocol], version: Int16) {
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
        self.protocols = protocols
        self.version = version
    }
}

package struct ClassicProtocol: Equatable, Sendable {
    package let name: String
    /// What the member says under it.
    package let subscription: ByteSlice

    package init(name: String, subscription: ByteSlice) {
        self.name = name
        self.subscription = subscription
    }
}

/// What one step of the coordinator does to a membership.
package struct ConsumerMembershipChange: Equatable, Sendable {
    package let group: String
    package let epoch: Int32
    package let assignor: String
    /// New ones and others, as they are now.
    package let changed: [ConsumerMember]
    /// Ids.
    package let removed: [String]
    /// `changed` are all there are, whoever was a member before: the group spoke the classic protocol.
    package let replacesAll: Bool

    package init(
        group: String, epoch: Int32, assignor: String, changed: [ConsumerMember], removed: [String],
        replacesAll: Bool = false
    ) {
        self.replacesAll = replacesAll
        self.group = group
        self.epoch = epoch
        self.assignor = assignor
        self.changed = changed
        self.removed = removed
    }

    /// What leads from `old` to `new`.
    package init(group: String, from old: ConsumerMembership, to new: ConsumerMembership) {
        self.init(
            group: group, epoch: new.epoch, assignor: new.assignor,
            changed: new.members.filter { member in
                old.position(of: member.id).map { old[$0] != member } ?? true
            },
            removed: old.members.map(\.id).filter { new.position(of: $0) == nil })
    }

    /// What makes `new` of whatever there was.
    package init(group: String, to new: ConsumerMembership) {
        self.init(
            group: group, epoch: new.epoch, assignor: new.assignor, changed: new.members, removed: [],
            replacesAll: true)
    }
}
