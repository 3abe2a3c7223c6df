import Broker
import Bytes
import KafkaWire

/// What administrators ask about consumer groups.
extension KafkaSession {
    /// Read, delete and describe (KIP-430).
    static let groupOperations: Int32 = 0x148

    /// ListGroups (key 16). Clients ask every node and put the answers together; only the leader has any.
    func listGroups(_ header: KafkaRequestHeader, _ request: ListGroupsRequest) {
        if let refusal = gateway.coordinator.refusal {
            let code: KafkaErrorCode = refusal == .notCoordinator ? .none : refusal
            return respond(header, ListGroupsResponse(errorCode: code, groups: []))
        }
        let types = request.typesFilter.map { $0.lowercased() }
        let states = request.statesFilter.map { $0.lowercased() }
        let groups = gateway.coordinator.names.sorted().compactMap { name -> ListGroupsResponse.Group? in
            guard let group = gateway.coordinator.findEither(name) else { return nil }
            guard states.isEmpty || states.contains(group.stateName.lowercased()) else { return nil }
            guard types.isEmpty || types.contains(group.typeName) else { return nil }
            return .init(
                groupId: name, protocolType: group.protocolType, groupState: group.stateName,
                groupType: group.typeName)
        }
        respond(header, ListGroupsResponse(groups: groups))
    }

    /// DescribeGroups (key 15).
    func describeGroups(_ header: KafkaRequestHeader, _ request: DescribeGroupsRequest) {
        let refusal = gateway.coordinator.refusal
        let operations = request.includeAuthorizedOperations ? Self.groupOperations : .min
        respond(header, DescribeGroupsResponse(groups: request.groups.map { name in
            if let refusal { return .failed(name, refusal, state: "") }
            if name.isEmpty { return .failed(name, .invalidGroupId, state: "") }
            // A group that there is not, or of another protocol, is described as dead, without an error.
            guard var group = gateway.coordinator.find(name)?.summary else {
                return .failed(name, .none, state: "Dead")
            }
            group.authorizedOperations = operations
            return group
        }))
    }

    /// DeleteGroups (key 42): groups without members, with all their offsets.
    func deleteGroups(_ header: KafkaRequestHeader, _ request: DeleteGroupsRequest) {
        if let refusal = gateway.coordinator.refusal {
            return respond(header, DeleteGroupsResponse(results: request.groupsNames.map {
                .init(groupId: $0, errorCode: refusal)
            }))
        }
        let codes = request.groupsNames.map { name -> KafkaErrorCode in
            if name.isEmpty { return .invalidGroupId }
            guard let group = gateway.coordinator.findEither(name) else { return .groupIdNotFound }
            return group.hasMembers ? .nonEmptyGroup : .none
        }
        let deleted = zip(request.groupsNames, codes).filter { $0.1 == .none }.map(\.0)
        let ticket = reserve(holding: 0)
        gateway.propose(deleted.map { .deleteGroup($0) }) { [weak self] outcomes in
            guard let self else { return }
            for (name, outcome) in zip(deleted, outcomes) where outcome.coordinatorCode == .none {
                gateway.coordinator.wasDeleted(name)
            }
            let results = zip(request.groupsNames, codes).map { name, code in
                let place = code == .none ? deleted.firstIndex(of: name) : nil
                return DeleteGroupsResponse.Group(
                    groupId: name, errorCode: place.map { outcomes[$0].coordinatorCode } ?? code)
            }
            fill(ticket, header, DeleteGroupsResponse(results: results))
        }
    }
}

extension ClassicGroup {
    fileprivate var summary: DescribeGroupsResponse.Group {
        // Between generations nothing is agreed on.
        let isSettled = phase == .stable
        return .init(
            groupId: name, groupState: phase.rawValue, protocolType: protocolType,
            protocolData: isSettled ? protocolName ?? "" : "",
            members: members.map { member in
                .init(
                    memberId: member.id, groupInstanceId: member.instance, clientId: member.clientID,
                    clientHost: member.clientHost,
                    memberMetadata: isSettled ? member.metadata(of: protocolName) : .empty,
                    memberAssignment: isSettled ? member.assignment : .empty)
            })
    }

    /// What the members read, as they say under the consumer protocol; nil when that cannot be told.
    var subscribedTopics: [String]? {
        if members.isEmpty { return [] }
        guard protocolType == "consumer" else { return nil }
        var topics: [String] = []
        for member in members {
            for offered in member.protocols {
                do { topics += try Self.topics(ofSubscription: offered.metadata) } catch { return nil }
            }
        }
        return topics
    }

    /// The head of a subscription (the clients' ConsumerProtocolSubscription): version, then topics.
    private static func topics(ofSubscription bytes: ByteSlice) throws(DecodeError) -> [String] {
        var reader = ByteReader(bytes)
        _ = try reader.int16()
        return try reader.kafkaStringArray(flexible: false)
    }
}

extension DescribeGroupsResponse.Group {
    fileprivate static func failed(_ name: String, _ code: KafkaErrorCode, state: String) -> Self {
        .init(errorCode: code, groupId: name, groupState: state, protocolType: "", protocolData: "", members: [])
    }
}
