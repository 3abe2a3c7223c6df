import KafkaWire

extension AddOffsetsToTxnRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AddOffsetsToTxnRequest {
        let transactionalId = values.string()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let groupId = values.string()
        return AddOffsetsToTxnRequest(
            transactionalId: transactionalId,
            producerId: producerId,
            producerEpoch: producerEpoch,
            groupId: groupId)
    }
}

extension AddOffsetsToTxnResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AddOffsetsToTxnResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        return AddOffsetsToTxnResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode)
    }
}
