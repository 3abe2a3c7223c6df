import KafkaWire

extension HeartbeatRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> HeartbeatRequest {
        let groupId = values.string()
        let generationId = values.int32()
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        return HeartbeatRequest(
            groupId: groupId,
            generationId: generationId,
            memberId: memberId,
            groupInstanceId: version >= 3 ? groupInstanceId : nil)
    }
}

extension HeartbeatResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> HeartbeatResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        return HeartbeatResponse(
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            errorCode: errorCode)
    }
}
