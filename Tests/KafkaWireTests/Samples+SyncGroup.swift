import KafkaWire

extension SyncGroupRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> SyncGroupRequest {
        let groupId = values.string()
        let generationId = values.int32()
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let protocolType = values.nullableString()
        let protocolName = values.nullableString()
        let assignments = values.array { SyncGroupRequest.Assignment.sample(&$0, version: version) }
        return SyncGroupRequest(
            groupId: groupId,
            generationId: generationId,
            memberId: memberId,
            groupInstanceId: version >= 3 ? groupInstanceId : nil,
            protocolType: version >= 5 ? protocolType : nil,
            protocolName: version >= 5 ? protocolName : nil,
            assignments: assignments)
    }
}

extension SyncGroupRequest.Assignment: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> SyncGroupRequest.Assignment {
        let memberId = values.string()
        let assignment = values.bytes()
        return SyncGroupRequest.Assignment(
            memberId: memberId,
            assignment: assignment)
    }
}

extension SyncGroupResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> SyncGroupResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let protocolType = values.nullableString()
        let protocolName = values.nullableString()
        let assignment = values.bytes()
        return SyncGroupResponse(
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            errorCode: errorCode,
            protocolType: version >= 5 ? protocolType : nil,
            protocolName: version >= 5 ? protocolName : nil,
            assignment: assignment)
    }
}
