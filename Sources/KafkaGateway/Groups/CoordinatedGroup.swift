import KafkaWire

/// What administrators see of a group, whichever its protocol.
protocol CoordinatedGroup: AnyObject {
    var stateName: String { get }
    /// "classic" or "consumer".
    var typeName: String { get }
    var protocolType: String { get }
    var hasMembers: Bool { get }
    /// What the members read; nil when that cannot be told.
    var subscribedTopics: [String]? { get }

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
        // Earlier versions have no place for the epoch, nor for what is said of it.
        if hasMembers, code != .unknownMemberId, version < 9 { return .unsupportedVersion }
        return code
    }
}
