import KafkaWire

extension DescribeTransactionsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTransactionsRequest {
        let transactionalIds = values.stringArray()
        return DescribeTransactionsRequest(
            transactionalIds: transactionalIds)
    }
}

extension DescribeTransactionsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTransactionsResponse {
        let throttleTimeMs = values.int32()
        let transactionStates = values.array { DescribeTransactionsResponse.State.sample(&$0, version: version) }
        return DescribeTransactionsResponse(
            throttleTimeMs: throttleTimeMs,
            transactionStates: transactionStates)
    }
}

extension DescribeTransactionsResponse.State: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTransactionsResponse.State {
        let errorCode = values.errorCode()
        let transactionalId = values.string()
        let transactionState = values.string()
        let transactionTimeoutMs = values.int32()
        let transactionStartTimeMs = values.int64()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let topics = values.array { DescribeTransactionsResponse.Topic.sample(&$0, version: version) }
        return DescribeTransactionsResponse.State(
            errorCode: errorCode,
            transactionalId: transactionalId,
            transactionState: transactionState,
            transactionTimeoutMs: transactionTimeoutMs,
            transactionStartTimeMs: transactionStartTimeMs,
            producerId: producerId,
            producerEpoch: producerEpoch,
            topics: topics)
    }
}
