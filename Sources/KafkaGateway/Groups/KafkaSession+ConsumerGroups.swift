import Broker
import KafkaWire

/// Groups of the consumer protocol (KIP-848).
extension KafkaSession {
    /// ConsumerGroupHeartbeat (key 68): joins, lives and leaves.
    func consumerGroupHeartbeat(_ header: KafkaRequestHeader, _ request: ConsumerGroupHeartbeatRequest) {
        if let refusal = gateway.coordinator.refusal {
            return respond(header, ConsumerGroupHeartbeatResponse.failed(refusal))
        }
        if let fault = request.fault(version: header.apiVersion) {
            return respond(header, ConsumerGroupHeartbeatResponse.failed(fault.code, fault.message))
        }
        let coordinator = gateway.coordinator
        let group: ConsumerProtocolGroup
        do throws(GroupRefusal) {
            group = try request.memberEpoch == 0
                ? coordinator.findOrMakeConsumerGroup(request.groupId) : coordinator.consumerGroup(request.groupId)
        } catch {
            return respond(header, ConsumerGroupHeartbeatResponse.failed(error.code, error.message))
        }
        let id = request.memberId.isEmpty ? gateway.newMemberID() : request.memberId
        let client = GroupClient(id: header.clientId?.text ?? "", host: "/" + clientHost)
        let ticket = reserve(holding: 0)
        group.heartbeat(request, id: id, client: client, now: gateway.node.clock.monotonicNanoseconds) {
            [weak self] response in
            self?.fill(ticket, header, response)
        }
        coordinator.settle(group)
    }

    /// ConsumerGroupDescribe (key 69).
    func consumerGroupDescribe(_ header: KafkaRequestHeader, _ request: ConsumerGroupDescribeRequest) {
        let refusal = gateway.coordinator.refusal
        let operations = request.includeAuthorizedOperations ? Self.groupOperations : .min
        let groups = request.groupIds.map { name -> ConsumerGroupDescribeResponse.Group in
            if let refusal { return .init(errorCode: refusal, groupId: name) }
            if name.isEmpty { return .init(errorCode: .invalidGroupId, groupId: name) }
            guard let group = gateway.coordinator.findConsumerGroup(name) else {
                return .init(
                    errorCode: .groupIdNotFound, errorMessage: "there is no such group of the consumer protocol",
                    groupId: name)
            }
            return group.description(version: header.apiVersion, operations: operations)
        }
        respond(header, ConsumerGroupDescribeResponse(groups: groups))
    }
}

extension KafkaGateway {
    /// 22 characters that nobody else has.
    fileprivate func newMemberID() -> String { KafkaUUID(newTopicID()).description }
}

extension ConsumerProtocolGroup {
    fileprivate func description(version: Int16, operations: Int32) -> ConsumerGroupDescribeResponse.Group {
        .init(
            groupId: name, groupState: stateName, groupEpoch: state.epoch, assignmentEpoch: state.epoch,
            assignorName: state.assignor,
            members: state.members.map { member in
                .init(
                    memberId: member.id, instanceId: member.instance, rackId: member.rack, memberEpoch: member.epoch,
                    clientId: member.clientID, clientHost: member.clientHost, subscribedTopicNames: member.topics,
                    subscribedTopicRegex: member.pattern,
                    assignment: catalog.describe(member.held), targetAssignment: catalog.describe(member.target),
                    memberType: version < 1 ? -1 : member.classic == nil ? 1 : 0)
            },
            authorizedOperations: operations)
    }
}

extension ConsumerGroupHeartbeatRequest {
    /// What is wrong with the request whatever the group is like.
    fileprivate func fault(version: Int16) -> (code: KafkaErrorCode, message: String)? {
        if groupId.isEmpty { return (.invalidGroupId, "a group id must not be empty") }
        if memberEpoch < -2 { return (.invalidRequest, "there is no member epoch \(memberEpoch)") }
        if memberId.isEmpty, version >= 1 || memberEpoch != 0 {
            return (.invalidRequest, "a member id must not be empty")
        }
        if instanceId?.isEmpty == true { return (.invalidRequest, "an instance id must not be empty") }
        if memberEpoch == -2, instanceId == nil {
            return (.invalidRequest, "only a static member can leave for a while")
        }
        if memberEpoch == 0 {
            if rebalanceTimeoutMs < 0 { return (.invalidRequest, "whoever joins gives a rebalance timeout") }
            if topicPartitions?.isEmpty != true { return (.invalidRequest, "whoever joins owns no partitions") }
            if subscribedTopicNames == nil, subscribedTopicRegex == nil {
                return (.invalidRequest, "whoever joins subscribes to topics")
            }
        }
        if let assignor = serverAssignor, Assignor(rawValue: assignor) == nil {
            let known = Assignor.allCases.map(\.rawValue).joined(separator: ", ")
            return (.unsupportedAssignor, "there is no assignor \(assignor), but \(known)")
        }
        return nil
    }
}
