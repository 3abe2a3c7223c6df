import Broker
import Bytes
import KafkaWire
import Planted

/// SyncGroup, Heartbeat, LeaveGroup, and what a commit of offsets needs to know.
extension ClassicGroup {
    func sync(_ request: SyncGroupRequest, now: UInt64, answer: @escaping (SyncGroupResponse) -> Void) {
        let member: ClassicMember
        do throws(GroupRefusal) { member = try sender(of: request) } catch { return answer(.failed(error.code)) }
        member.touch(now)
        switch phase {
        case .empty: answer(.failed(.unknownMemberId))
        case .joining: answer(.failed(.rebalanceInProgress))
        case .stable: answer(assigned(member))
        case .assigning:
            member.awaitSync(answer)
            if member.id == leader, storing != generation { storeAssignment(request.assignments, now: now) }
        }
    }

    private func sender(of request: SyncGroupRequest) throws(GroupRefusal) -> ClassicMember {
        let member = try identify(request.memberId, instance: request.groupInstanceId)
        if request.generationId != generation { throw GroupRefusal(code: .illegalGeneration) }
        let isOfType = request.protocolType.map { $0 == protocolType } ?? true
        let isNamed = request.protocolName.map { $0 == protocolName } ?? true
        guard isOfType, isNamed else { throw GroupRefusal(code: .inconsistentGroupProtocol) }
        return member
    }

    /// Members that the leading one left out get nothing to read.
    private func storeAssignment(_ assignments: [SyncGroupRequest.Assignment], now: UInt64) {
        if assignments.reduce(0, { $0 + $1.assignment.count }) > settings.maximumBytes {
            // What Kafka says of a group that does not fit into a record.
            for member in members { member.answerSync(.failed(.unknownServerError)) }
            return
        }
        let given = members.map { member in
            assignments.first { $0.memberId == member.id }?.assignment.detached() ?? .empty
        }
        let ids = members.map(\.id)
        let storedGeneration = generation
        storing = generation
        #if DEBUG
        if Planted.has(.assignsBeforeStored) {
            for (member, assignment) in zip(members, given) {
                member.assignment = assignment
                member.answerSync(assigned(member))
            }
        }
        #endif
        store(agreement { member in ids.firstIndex(of: member.id).map { given[$0] } ?? .empty }) { [self] isStored in
            guard phase == .assigning, storing == storedGeneration, generation == storedGeneration else { return }
            storing = nil
            guard isStored else {
                for member in members { member.answerSync(.failed(.coordinatorNotAvailable)) }
                return
            }
            phase = .stable
            for (id, assignment) in zip(ids, given) { member(id)?.assignment = assignment }
            for member in members where member.sync != nil {
                member.answerSync(assigned(member))
            }
        }
    }

    private func assigned(_ member: ClassicMember) -> SyncGroupResponse {
        SyncGroupResponse(protocolType: protocolType, protocolName: protocolName, assignment: member.assignment)
    }

    /// Whoever has not asked for its assignment by now is gone.
    func removeUnsynced(now: UInt64) {
        let missing = members.filter { !$0.hasSynced }
        syncDeadline = .max
        for member in missing { remove(member, now: now) }
    }

    func heartbeat(_ request: HeartbeatRequest, now: UInt64) -> KafkaErrorCode {
        do throws(GroupRefusal) {
            let member = try identify(request.memberId, instance: request.groupInstanceId)
            if request.generationId != generation { return .illegalGeneration }
            member.touch(now)
            return phase == .joining ? .rebalanceInProgress : .none
        } catch {
            return error.code
        }
    }

    /// One member leaves, by its id or, if it is static, by its instance.
    func leave(_ id: String, instance: String?, now: UInt64) -> KafkaErrorCode {
        if let instance {
            guard let member = member(instance: instance) else { return .unknownMemberId }
            if !id.isEmpty, id != member.id { return .fencedInstanceId }
            remove(member, now: now)
            return .none
        }
        if let position = pending.firstIndex(where: { $0.id == id }) {
            pending.remove(at: position)
            if phase == .joining { completeJoinIfAllAreBack(now: now) }
            return .none
        }
        guard let member = member(id) else { return .unknownMemberId }
        remove(member, now: now)
        return .none
    }

    /// The member is gone; the others share out anew.
    func remove(_ member: ClassicMember, now: UInt64) {
        guard let position = members.firstIndex(where: { $0 === member }) else { return }
        members.remove(at: position)
        member.answerAll(.unknownMemberId)
        if leader == member.id { leader = members.first?.id }
        rebalance(now: now)
    }

    /// May this member commit offsets now? A generation below zero stands for a client that assigns by itself.
    func checkCommit(_ id: String, instance: String?, generation: Int32, now: UInt64) -> KafkaErrorCode {
        if generation < 0, phase == .empty { return .none }
        #if DEBUG
        if Planted.has(.takesStaleGenerations), member(id) != nil { return .none }
        if Planted.has(.takesFencedCommits), generation == self.generation, instance != nil { return .none }
        #endif
        do throws(GroupRefusal) {
            let member = try identify(id, instance: instance)
            if generation != self.generation { return .illegalGeneration }
            // Its partitions may be another's already.
            if phase == .assigning { return .rebalanceInProgress }
            member.touch(now)
            return .none
        } catch {
            return error.code
        }
    }
}
