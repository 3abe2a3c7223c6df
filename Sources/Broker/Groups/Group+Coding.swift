import Bytes

/// Fields of groups, in commands and in snapshots.
extension ByteWriter {
    mutating func optionalText(_ text: String?) {
        uint8(text == nil ? 0 : 1)
        if let text { countedText(text) }
    }

    mutating func countedBytes(_ bytes: ByteSlice) {
        uint32(UInt32(bytes.count))
        self.bytes(bytes)
    }

    mutating func generation(_ generation: GroupGeneration) {
        countedText(generation.group)
        uint32(UInt32(bitPattern: generation.number))
        countedText(generation.protocolType)
        optionalText(generation.protocolName)
        optionalText(generation.leader)
        uint32(UInt32(generation.members.count))
        for member in generation.members { self.member(member) }
    }

    private mutating func member(_ member: GroupMember) {
        countedText(member.id)
        optionalText(member.instance)
        countedText(member.clientID)
        countedText(member.clientHost)
        uint32(UInt32(bitPattern: member.rebalanceTimeoutMilliseconds))
        uint32(UInt32(bitPattern: member.sessionTimeoutMilliseconds))
        countedBytes(member.subscription)
        countedBytes(member.assignment)
    }

    mutating func partitionKey(_ key: PartitionKey) {
        uint32(key.topic)
        uint32(key.partition)
    }

    mutating func partitionKeys(_ keys: [PartitionKey]) {
        uint32(UInt32(keys.count))
        for key in keys { partitionKey(key) }
    }

    mutating func offsets(_ offsets: [CommittedOffset]) {
        uint32(UInt32(offsets.count))
        for offset in offsets { self.offset(offset) }
    }

    mutating func offset(_ offset: CommittedOffset) {
        partitionKey(offset.key)
        int64(offset.offset)
        uint32(UInt32(bitPattern: offset.leaderEpoch))
        countedText(offset.metadata)
        int64(offset.committedAt)
    }
}

extension ByteReader {
    mutating func optionalText(_ name: String) throws(DecodeError) -> String? {
        try flag(name) ? try countedText() : nil
    }

    /// Detached: what the state keeps must not keep a whole log entry in memory.
    mutating func countedBytes() throws(DecodeError) -> ByteSlice { try bytes(Int(try uint32())).detached() }

    mutating func generation() throws(DecodeError) -> GroupGeneration {
        let group = try countedText()
        let number = Int32(bitPattern: try uint32())
        let protocolType = try countedText()
        let protocolName = try optionalText("protocol name")
        let leader = try optionalText("leading member")
        let count = try elementCount(minimumSize: 29)
        var members: [GroupMember] = []
        members.reserveCapacity(count)
        for _ in 0..<count { members.append(try member()) }
        return GroupGeneration(
            group: group, number: number, protocolType: protocolType, protocolName: protocolName, leader: leader,
            members: members)
    }

    private mutating func member() throws(DecodeError) -> GroupMember {
        let id = try countedText()
        let instance = try optionalText("instance")
        let clientID = try countedText()
        let clientHost = try countedText()
        let rebalance = Int32(bitPattern: try uint32())
        let session = Int32(bitPattern: try uint32())
        let subscription = try countedBytes()
        return GroupMember(
            id: id, instance: instance, clientID: clientID, clientHost: clientHost,
            rebalanceTimeoutMilliseconds: rebalance, sessionTimeoutMilliseconds: session, subscription: subscription,
            assignment: try countedBytes())
    }

    mutating func partitionKey() throws(DecodeError) -> PartitionKey {
        let topic = try uint32()
        return PartitionKey(topic: topic, partition: try uint32())
    }

    mutating func partitionKeys() throws(DecodeError) -> [PartitionKey] {
        let count = try elementCount(minimumSize: 8)
        var keys: [PartitionKey] = []
        keys.reserveCapacity(count)
        for _ in 0..<count { keys.append(try partitionKey()) }
        return keys
    }

    mutating func offsets() throws(DecodeError) -> [CommittedOffset] {
        let count = try elementCount(minimumSize: 32)
        var offsets: [CommittedOffset] = []
        offsets.reserveCapacity(count)
        for _ in 0..<count { offsets.append(try offset()) }
        return offsets
    }

    private mutating func offset() throws(DecodeError) -> CommittedOffset {
        let key = try partitionKey()
        let offset = try int64()
        let epoch = Int32(bitPattern: try uint32())
        let metadata = try countedText()
        return CommittedOffset(
            key: key, offset: offset, leaderEpoch: epoch, metadata: metadata, committedAt: try int64())
    }
}

extension GroupDirectory {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.uint32(UInt32(groups.count))
        for group in groups {
            snapshot.writer.generation(group.generation)
            snapshot.writer.uint8(group.membership == nil ? 0 : 1)
            if let membership = group.membership { snapshot.writer.membership(membership) }
            snapshot.writer.int64(group.emptySince)
            snapshot.writer.offsets(group.offsets)
            snapshot.breakIfFull()
        }
    }

    /// A name or a key that comes twice, or out of order, is not what `encode` wrote.
    init(from reader: inout ByteReader) throws(DecodeError) {
        self.init()
        let count = try reader.elementCount(minimumSize: 31)
        for _ in 0..<count {
            let generation = try reader.generation()
            let membership = try reader.flag("membership") ? try reader.membership() : nil
            var group = ConsumerGroup(
                generation: generation, membership: membership, emptySince: try reader.int64())
            group.offsets = try reader.offsets()
            let isSorted = zip(group.offsets, group.offsets.dropFirst()).allSatisfy { $0.key < $1.key }
            guard slot(named: group.name) == nil, isSorted else {
                throw .badValue("group", Int64(groups.count))
            }
            insert(group)
        }
    }
}
