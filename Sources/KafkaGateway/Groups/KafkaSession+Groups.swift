import KafkaWire

/// The membership of consumer groups. The leader is the coordinator of every group.
extension KafkaSession {
    private var now: UInt64 { gateway.node.clock.monotonicNanoseconds }

    /// What stands in the way of a request about this group.
    private func refusal(of group: String) -> KafkaErrorCode? {
        gateway.coordinator.refusal ?? (group.isEmpty ? .invalidGroupId : nil)
    }

    /// FindCoordinator (key 10): the leader, for groups and for transactions. While there is none, clients keep asking.
    func findCoordinator(_ header: KafkaRequestHeader, _ request: FindCoordinatorRequest) {
        let leader = replica.leader.flatMap { leader in gateway.sortedEndpoints.first { $0.node == leader } }
        respond(header, FindCoordinatorResponse(coordinators: request.coordinatorKeys.map { key in
            switch request.keyType {
            case 0, 1:
                guard !key.isEmpty else {
                    let code: KafkaErrorCode = request.keyType == 0 ? .invalidGroupId : .invalidRequest
                    return .none(key, code, "the id must not be empty")
                }
                guard let leader else { return .none(key, .coordinatorNotAvailable, nil) }
                return .init(
                    key: key, nodeId: leader.node.kafkaID, host: leader.endpoint.host, port: leader.endpoint.port)
            default: return .none(key, .invalidRequest, "key type \(request.keyType) is not served")
            }
        }))
    }

    /// JoinGroup (key 11). Answered when the generation begins.
    func joinGroup(_ header: KafkaRequestHeader, _ request: JoinGroupRequest) {
        let settings = gateway.settings.groups
        var refusal = refusal(of: request.groupId)
        let sessions = settings.minimumSessionMilliseconds...settings.maximumSessionMilliseconds
        if refusal == nil, !sessions.contains(request.sessionTimeoutMs) { refusal = .invalidSessionTimeout }
        if let refusal { return respond(header, JoinGroupResponse.failed(refusal, memberId: request.memberId)) }
        let coordinator = gateway.coordinator
        let found = request.memberId.isEmpty
            ? coordinator.findOrMake(request.groupId) : coordinator.findEither(request.groupId)
        guard let group = found else {
            return respond(header, JoinGroupResponse.failed(.unknownMemberId, memberId: request.memberId))
        }
        let ticket = reserve(holding: 0)
        let client = GroupClient(id: header.clientId?.text ?? "", host: "/" + clientHost)
        group.join(request, version: header.apiVersion, client: client, now: now) { [weak self] response in
            self?.fill(ticket, header, response)
        }
        coordinator.settle(group)
    }

    /// SyncGroup (key 14). Answered when the assignment is committed.
    func syncGroup(_ header: KafkaRequestHeader, _ request: SyncGroupRequest) {
        if let refusal = refusal(of: request.groupId) { return respond(header, SyncGroupResponse.failed(refusal)) }
        guard let group = gateway.coordinator.findEither(request.groupId) else {
            return respond(header, SyncGroupResponse.failed(.unknownMemberId))
        }
        let ticket = reserve(holding: 0)
        group.sync(request, now: now) { [weak self] response in self?.fill(ticket, header, response) }
    }

    /// Heartbeat (key 12).
    func heartbeat(_ header: KafkaRequestHeader, _ request: HeartbeatRequest) {
        let code = refusal(of: request.groupId)
            ?? gateway.coordinator.findEither(request.groupId)?.heartbeat(request, now: now) ?? .unknownMemberId
        respond(header, HeartbeatResponse(errorCode: code))
    }

    /// LeaveGroup (key 13): one member below version 3, then several.
    func leaveGroup(_ header: KafkaRequestHeader, _ request: LeaveGroupRequest) {
        if let refusal = refusal(of: request.groupId) {
            return respond(header, LeaveGroupResponse(errorCode: refusal))
        }
        let group = gateway.coordinator.findEither(request.groupId)
        let members = request.members.map { member in
            LeaveGroupResponse.Member(
                memberId: member.memberId, groupInstanceId: member.groupInstanceId,
                errorCode: group?.leave(member.memberId, instance: member.groupInstanceId, now: now)
                    ?? .unknownMemberId)
        }
        if let group { gateway.coordinator.settle(group) }
        if header.apiVersion < 3 {
            return respond(header, LeaveGroupResponse(errorCode: members.first?.errorCode ?? .unknownMemberId))
        }
        respond(header, LeaveGroupResponse(members: members))
    }
}

extension FindCoordinatorResponse.Coordinator {
    fileprivate static func none(_ key: String, _ code: KafkaErrorCode, _ message: String?) -> Self {
        .init(key: key, nodeId: -1, host: "", port: -1, errorCode: code, errorMessage: message)
    }
}
