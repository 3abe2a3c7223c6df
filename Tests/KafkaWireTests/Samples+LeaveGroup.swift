import KafkaWire

extension LeaveGroupRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> LeaveGroupRequest {
        let groupId = values.string()
        let memberId = values.string()
        let members = values.array { LeaveGroupRequest.Member.sample(&$0, version: version) }
        return LeaveGroupRequest(
            groupId: groupId,
            members: version >= 3 ? members : [Member(memberId: memberId)])
    }
}

extension LeaveGroupRequest.Member: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> LeaveGroupRequest.Member {
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let reason = values.nullableString()
        return LeaveGroupRequest.Member(
            memberId: memberId,
            groupInstanceId: groupInstanceId,
            reason: version >= 5 ? reason : nil)
    }
}

extension LeaveGroupResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> LeaveGroupResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let members = values.array { LeaveGroupResponse.Member.sample(&$0, version: version) }
        return LeaveGroupResponse(
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            errorCode: errorCode,
            members: version >= 3 ? members : [])
    }
}

extension LeaveGroupResponse.Member: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> LeaveGroupResponse.Member {
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let errorCode = values.errorCode()
        return LeaveGroupResponse.Member(
            memberId: memberId,
            groupInstanceId: groupInstanceId,
            errorCode: errorCode)
    }
}
