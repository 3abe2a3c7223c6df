import KafkaWire

/// What members of the classic protocol ask of a group, and what administrators see of it, whichever its protocol.
protocol CoordinatedGroup: AnyObject {
    var stateName: String { get }
    /// "classic" or "consumer".
    var typeName: String { get }
    var protocolType: String { get }
    var hasMembers: Bool { get }
    /// What the members read; nil when that cannot be told.
    var subscribedTopics: [String]? { get }

    /// Answered when the member is in. `version` is that of the request.
    func join(
        _ request: JoinGroupRequest, version: Int16, client: GroupClient, now: UInt64,
        answer: @escaping (JoinGroupResponse) -> Void)
    /// Answered when the assignment is committed.
    func sync(_ request: SyncGroupRequest, now: UInt64, answer: @escaping (SyncGroupResponse) -> Void)
    func heartbeat(_ request: HeartbeatRequest, now: UInt64) -> KafkaErrorCode
    /// One member leaves, by its id or, if it is static, by its instance.
    func leave(_ id: String, instance: String?, now: UInt64) -> KafkaErrorCode

    /// May this member commit offsets now? A generation below zero stands for a client that assigns by itself.
    func checkCommit(_ request: OffsetCommitRequest, version: Int16, now: UInt64) -> KafkaErrorCode
}

extension ClassicGroup: CoordinatedGroup {
    var stateName: String { phase.rawValue }
    var typeName: String { "classic" }
    var hasMembers: Bool { phase != .empty }

    func checkCommit(_ request: OffsetCommitRequest, version: Int16, now: UInt64) -> KafkaErrorCode {
        checkCommit(
            request.memberId, instance: request.groupInstanceId, generation: request.generationIdOrMemberEpoch,
            now: now)
    }
}

extension ConsumerProtocolGroup: CoordinatedGroup {
    var stateName: String {
        if state.members.isEmpty { return "Empty" }
        let hasArrived = state.members.allSatisfy {
            $0.epoch == state.epoch && $0.revoking.isEmpty && $0.held == $0.target
        }
        return hasArrived ? "Stable" : "Reconciling"
    }

    var typeName: String { "consumer" }
    var protocolType: String { "consumer" }
    var hasMembers: Bool { !state.members.isEmpty }
    var subscribedTopics: [String]? { subscriptions(of: state.members).flatMap { $0 } }

    func checkCommit(_ request: OffsetCommitRequest, version: Int16, now: UInt64) -> KafkaErrorCode {
        let code = checkOffsets(request.memberId, epoch: request.generationIdOrMemberEpoch)
        if code == .unknownMemberId, request.groupInstanceId.flatMap(state.position(instance:)) != nil {
            return .fencedInstanceId
        }
        if let member = classicMember(request.memberId) {
            touch(member, now: now, revokesAnew: false)
            return code == .staleMemberEpoch ? .illegalGeneration : code
        }
        // Earlier versions have no place for the epoch, nor for what is said of it.
        if hasMembers, code != .unknownMemberId, version < 9 { return .unsupportedVersion }
        return code
    }
}
