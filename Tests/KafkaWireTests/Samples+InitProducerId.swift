import KafkaWire

extension InitProducerIdRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> InitProducerIdRequest {
        let transactionalId = values.nullableString()
        let transactionTimeoutMs = values.int32()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        return InitProducerIdRequest(
            transactionalId: transactionalId,
            transactionTimeoutMs: transactionTimeoutMs,
            producerId: version >= 3 ? producerId : -1,
            producerEpoch: version >= 3 ? producerEpoch : -1)
    }
}

extension InitProducerIdResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> InitProducerIdResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        return InitProducerIdResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode,
            producerId: producerId,
            producerEpoch: producerEpoch)
    }
}
