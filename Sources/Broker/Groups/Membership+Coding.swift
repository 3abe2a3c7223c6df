import Bytes

/// Fields of consumer-protocol groups, in commands and in snapshots.
extension ByteWriter {
    mutating func membershipChange(_ change: ConsumerMembershipChange) {
        countedText(change.group)
        uint32(UInt32(bitPattern: change.epoch))
        countedText(change.assignor)
        members(change.changed)
        uint32(UInt32(change.removed.count))
        for id in change.removed { countedText(id) }
        uint8(change.replacesAll ? 1 : 0)
    }

    mutating func membership(_ membership: ConsumerMembership) {
        uint32(UInt32(bitPattern: membership.epoch))
        countedText(membership.assignor)
        members(membership.members)
    }

    private mutating func members(_ members: [ConsumerMember]) {
        uint32(UInt32(members.count))
        for member in members { self.member(member) }
    }

    private mutating func member(_ member: ConsumerMember) {
        countedText(member.id)
        optionalText(member.instance)
        optionalText(member.rack)
        countedText(member.clientID)
        countedText(member.clientHost)
        uint32(UInt32(bitPattern: member.rebalanceTimeoutMilliseconds))
        uint32(UInt32(member.topics.count))
        for topic in member.topics { countedText(topic) }
        optionalText(member.pattern)
        optionalText(member.assignor)
        uint32(UInt32(bitPattern: member.epoch))
        uint32(UInt32(bitPattern: member.previousEpoch))
        for keys in [member.held, member.revoking, member.target] { partitionKeys(keys) }
        uint8(member.classic == nil ? 0 : 1)
        if let classic = member.classic { self.classic(classic) }
    }

    private mutating func classic(_ classic: ClassicTraits) {
        uint32(UInt32(bitPattern: classic.sessionTimeoutMilliseconds))
        uint32(UInt32(classic.protocols.count))
        for spoken in classic.protocols {
            countedText(spoken.name)
            countedBytes(spoken.subscription)
        }
        int16(classic.version)
    }
}

extension ByteReader {
    mutating func membershipChange() throws(DecodeError) -> ConsumerMembershipChange {
        let group = try countedText()
        let epoch = Int32(bitPattern: try uint32())
        let assignor = try countedText()
        let changed = try members()
        let removed = try countedTexts()
        return ConsumerMembershipChange(
            group: group, epoch: epoch, assignor: assignor, changed: changed, removed: removed,
            replacesAll: try flag("replaced members"))
    }

    /// Members out of order are not what was written.
    mutating func membership() throws(DecodeError) -> ConsumerMembership {
        let epoch = Int32(bitPattern: try uint32())
        var membership = ConsumerMembership(epoch: epoch, assignor: try countedText())
        for member in try members() {
            if let last = membership.members.last, member.id <= last.id {
                throw .badValue("group member", Int64(membership.members.count))
            }
            membership.put(member)
        }
        return membership
    }

    private mutating func countedTexts() throws(DecodeError) -> [String] {
        let count = try elementCount(minimumSize: 4)
        var texts: [String] = []
        texts.reserveCapacity(count)
        for _ in 0..<count { texts.append(try countedText()) }
        return texts
    }

    private mutating func members() throws(DecodeError) -> [ConsumerMember] {
        let count = try elementCount(minimumSize: 45)
        var members: [ConsumerMember] = []
        members.reserveCapacity(count)
        for _ in 0..<count { members.append(try consumerMember()) }
        return members
    }

    private mutating func consumerMember() throws(DecodeError) -> ConsumerMember {
        let id = try countedText()
        let instance = try optionalText("instance")
        let rack = try optionalText("rack")
        let clientID = try countedText()
        let clientHost = try countedText()
        let rebalance = Int32(bitPattern: try uint32())
        let topics = try countedTexts()
        let pattern = try optionalText("pattern")
        let assignor = try optionalText("assignor")
        let epoch = Int32(bitPattern: try uint32())
        let previous = Int32(bitPattern: try uint32())
        var member = ConsumerMember(
            id: id, instance: instance, rack: rack, clientID: clientID, clientHost: clientHost,
            rebalanceTimeoutMilliseconds: rebalance, topics: topics, pattern: pattern, assignor: assignor,
            epoch: epoch, previousEpoch: previous)
        member.held = try partitionKeys()
        member.revoking = try partitionKeys()
        member.target = try partitionKeys()
        if try flag("classic member") { member.classic = try classic() }
        return member
    }

    private mutating func classic() throws(DecodeError) -> ClassicTraits {
        let session = Int32(bitPattern: try uint32())
        let count = try elementCount(minimumSize: 8)
        var protocols: [ClassicProtocol] = []
        protocols.reserveCapacity(count)
        for _ in 0..<count {
            let name = try countedText()
            protocols.append(ClassicProtocol(name: name, subscription: try countedBytes()))
        }
        return ClassicTraits(
            sessionTimeoutMilliseconds: session, protocols: protocols, version: try int16())
    }
}
