import Bytes

/// A consumer group as the log knows it: the last generation its members agreed on or, in the consumer protocol, who is
/// to read what, and what was committed. What happens between two generations is the coordinator's alone and does not
/// survive it.
package struct ConsumerGroup: Equatable, Sendable {
    package internal(set) var generation: GroupGeneration
    /// Of a group of the consumer protocol (KIP-848), whose `generation` is that of a group without members; nil for
    /// one of the classic protocol.
    package internal(set) var membership: ConsumerMembership?
    /// When the group was left by its last member, or last had nothing but offsets; milliseconds since 1970.
    package internal(set) var emptySince: Int64
    /// In order of their keys.
    package internal(set) var offsets: [CommittedOffset] = []

    package var name: String { generation.group }
    package var memberCount: Int { membership?.members.count ?? generation.members.count }

    package func offset(of key: PartitionKey) -> CommittedOffset? {
        let position = position(of: key)
        return position < offsets.count && offsets[position].key == key ? offsets[position] : nil
    }

    /// Where `key` is, or would go.
    private func position(of key: PartitionKey) -> Int { offsets.lowerBound { $0.key < key } }

    mutating func commit(_ offset: CommittedOffset) {
        let position = position(of: offset.key)
        if position < offsets.count, offsets[position].key == offset.key {
            offsets[position] = offset
        } else {
            offsets.insert(offset, at: position)
        }
    }

    mutating func forget(_ key: PartitionKey) -> Bool {
        let position = position(of: key)
        guard position < offsets.count, offsets[position].key == key else { return false }
        offsets.remove(at: position)
        return true
    }

    /// See `GroupDirectory.raise`.
    mutating func raise(from start: Int64, to time: Int64) {
        if emptySince >= start { emptySince = max(emptySince, time) }
        for position in offsets.indices where offsets[position].committedAt >= start {
            offsets[position].committedAt = max(offsets[position].committedAt, time)
        }
    }

    mutating func forget(topic: UInt32) {
        let first = position(of: PartitionKey(topic: topic, partition: 0))
        let end = offsets[first...].firstIndex { $0.key.topic != topic } ?? offsets.count
        offsets.removeSubrange(first..<end)
    }
}

/// What the members of a group agreed on: who they are, and who reads what.
package struct GroupGeneration: Equatable, Sendable {
    package let group: String
    /// Counts up with each rebalance; 0 for a group that never had members.
    package var number: Int32
    /// "consumer", "connect", …; empty for a group that has only offsets.
    package var protocolType: String
    /// The assignor the members chose; nil without members.
    package var protocolName: String?
    /// The member that assigned; nil without members.
    package var leader: String?
    /// In the order in which they joined.
    package var members: [GroupMember]

    package init(
        group: String, number: Int32 = 0, protocolType: String = "", protocolName: String? = nil,
        leader: String? = nil, members: [GroupMember] = []
    ) {
        self.group = group
        self.number = number
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leader = leader
        self.members = members
    }
}

package struct GroupMember: Equatable, Sendable {
    package var id: String
    /// `group.instance.id` of a static member (KIP-345).
    package var instance: String?
    package var clientID: String
    package var clientHost: String
    package var rebalanceTimeoutMilliseconds: Int32
    package var sessionTimeoutMilliseconds: Int32
    /// What the member said under the chosen protocol, which only the leading member reads.
    package var subscription: ByteSlice
    /// What the leading member gave it.
    package var assignment: ByteSlice

    package init(
        id: String, instance: String?, clientID: String, clientHost: String, rebalanceTimeoutMilliseconds: Int32,
        sessionTimeoutMilliseconds: Int32, subscription: ByteSlice, assignment: ByteSlice
    ) {
        self.id = id
        self.instance = instance
        self.clientID = clientID
        self.clientHost = clientHost
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
        self.subscription = subscription
        self.assignment = assignment
    }
}

/// The next offset a group will read in a partition.
package struct CommittedOffset: Equatable, Sendable {
    package let key: PartitionKey
    package let offset: Int64
    /// Of the last record before it; -1 when the client did not say.
    package let leaderEpoch: Int32
    /// The client's own note.
    package let metadata: String
    /// By the log's clock; milliseconds since 1970.
    package internal(set) var committedAt: Int64

    /// `committedAt` is set when the commit is applied.
    package init(key: PartitionKey, offset: Int64, leaderEpoch: Int32 = -1, metadata: String = "") {
        self.init(key: key, offset: offset, leaderEpoch: leaderEpoch, metadata: metadata, committedAt: 0)
    }

    init(key: PartitionKey, offset: Int64, leaderEpoch: Int32, metadata: String, committedAt: Int64) {
        self.key = key
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
        self.committedAt = committedAt
    }
}
