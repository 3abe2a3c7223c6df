extension Broker {
    package func group(named name: String) -> ConsumerGroup? { groups.slot(named: name).map { groups[$0] } }

    /// In no meaningful order.
    package var allGroups: [ConsumerGroup] { groups.groups }

    mutating func storeGroup(_ generation: GroupGeneration) -> ApplyResult {
        let slot = groups.slot(creating: generation.group, now: clock)
        if generation.members.isEmpty { groups[slot].emptySince = clock }
        groups[slot].generation = generation
        groups[slot].membership = nil
        return .groupStored
    }

    /// The group speaks the consumer protocol from now on.
    mutating func changeMembership(_ change: ConsumerMembershipChange) -> ApplyResult {
        let slot = groups.slot(creating: change.group, now: clock)
        var membership = groups[slot].membership ?? ConsumerMembership(epoch: 0)
        groups[slot].membership = nil
        membership.apply(change)
        if membership.members.isEmpty { groups[slot].emptySince = clock }
        groups[slot].generation = GroupGeneration(group: change.group)
        groups[slot].membership = membership
        return .membershipChanged
    }

    /// Offsets of partitions that do not exist, or not any more, are left out.
    mutating func commitOffsets(_ name: String, _ offsets: [CommittedOffset]) -> ApplyResult {
        var unknown: [PartitionKey] = []
        var slot = groups.slot(named: name)
        for offset in offsets {
            guard partition(offset.key) != nil else {
                unknown.append(offset.key)
                continue
            }
            let place = slot ?? groups.slot(creating: name, now: clock)
            slot = place
            var stamped = offset
            stamped.committedAt = clock
            groups[place].commit(stamped)
        }
        return .offsetsCommitted(unknown: unknown)
    }

    mutating func deleteGroup(_ name: String) -> ApplyResult {
        guard let slot = groups.slot(named: name) else { return .refused(.unknownGroup) }
        if groups[slot].memberCount > 0 { return .refused(.groupNotEmpty) }
        groups.remove(slot: slot)
        return .groupDeleted
    }

    /// Offsets that were never committed are no error.
    mutating func deleteOffsets(_ name: String, _ keys: [PartitionKey]) -> ApplyResult {
        guard let slot = groups.slot(named: name) else { return .refused(.unknownGroup) }
        for key in keys { _ = groups[slot].forget(key) }
        return .offsetsDeleted
    }

    /// Of groups without members, offsets committed before `time` go once the group has been empty since before `time`,
    /// and groups with nothing left (KIP-211). Groups with members keep all.
    mutating func expireOffsets(before time: Int64) -> ApplyResult {
        let time = confirmed(time)
        for slot in groups.groups.indices.reversed() where groups[slot].mayExpire(before: time) {
            groups[slot].offsets.removeAll { $0.committedAt < time }
            if groups[slot].offsets.isEmpty { groups.remove(slot: slot) }
        }
        return .offsetsExpired
    }

    /// `expireOffsets` would change something.
    package func hasExpiredOffsets(before time: Int64) -> Bool {
        let time = confirmed(time)
        return groups.groups.contains { group in
            group.mayExpire(before: time)
                && (group.offsets.isEmpty || group.offsets.contains { $0.committedAt < time })
        }
    }
}

extension ConsumerGroup {
    fileprivate func mayExpire(before time: Int64) -> Bool { memberCount == 0 && emptySince < time }
}
