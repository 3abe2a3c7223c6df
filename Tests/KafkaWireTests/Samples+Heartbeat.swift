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
