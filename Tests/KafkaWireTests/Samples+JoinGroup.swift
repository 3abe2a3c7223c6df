import KafkaWire

extension JoinGroupRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> JoinGroupRequest {
        let groupId = values.string()
        let sessionTimeoutMs = values.int32()
        let rebalanceTimeoutMs = values.int32()
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let protocolType = values.string()
        let protocols = values.array { JoinGroupRequest.GroupProtocol.sample(&$0, version: version) }
        let reason = values.nullableString()
        return JoinGroupRequest(
            groupId: groupId,
            sessionTimeoutMs: sessionTimeoutMs,
            rebalanceTimeoutMs: version >= 1 ? rebalanceTimeoutMs : -1,
            memberId: memberId,
            groupInstanceId: version >= 5 ? groupInstanceId : nil,
            protocolType: protocolType,
            protocols: protocols,
            reason: version >= 8 ? reason : nil)
    }
}

extension JoinGroupRequest.GroupProtocol: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> JoinGroupRequest.GroupProtocol {
        let name = values.string()
        let metadata = values.bytes()
        return JoinGroupRequest.GroupProtocol(
            name: name,
            metadata: metadata)
    }
}

extension JoinGroupResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> JoinGroupResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let generationId = values.int32()
        let protocolType = values.nullableString()
        let protocolName = values.nullableString()
        let leader = values.string()
        let skipAssignment = values.bool()
        let memberId = values.string()
        let members = values.array { JoinGroupResponse.Member.sample(&$0, version: version) }
        return JoinGroupResponse(
            throttleTimeMs: version >= 2 ? throttleTimeMs : 0,
            errorCode: errorCode,
            generationId: generationId,
            protocolType: version >= 7 ? protocolType : nil,
            protocolName: protocolName ?? (version >= 7 ? nil : "x"),
            leader: leader,
            skipAssignment: version >= 9 ? skipAssignment : false,
            memberId: memberId,
            members: members)
    }
}

extension JoinGroupResponse.Member: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> JoinGroupResponse.Member {
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let metadata = values.bytes()
        return JoinGroupResponse.Member(
            memberId: memberId,
            groupInstanceId: version >= 5 ? groupInstanceId : nil,
            metadata: metadata)
    }
}
