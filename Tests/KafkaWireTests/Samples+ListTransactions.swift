import KafkaWire

extension ListTransactionsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListTransactionsRequest {
        let stateFilters = values.stringArray()
        let producerIdFilters = values.int64Array()
        let durationFilter = values.int64()
        let transactionalIdPattern = values.nullableString()
        return ListTransactionsRequest(
            stateFilters: stateFilters,
            producerIdFilters: producerIdFilters,
            durationFilter: version >= 1 ? durationFilter : -1,
            transactionalIdPattern: version >= 2 ? transactionalIdPattern : nil)
    }
}

extension ListTransactionsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListTransactionsResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let unknownStateFilters = values.stringArray()
        let transactionStates = values.array { ListTransactionsResponse.State.sample(&$0, version: version) }
        return ListTransactionsResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode,
            unknownStateFilters: unknownStateFilters,
            transactionStates: transactionStates)
    }
}

extension ListTransactionsResponse.State: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListTransactionsResponse.State {
        let transactionalId = values.string()
        let producerId = values.int64()
        let transactionState = values.string()
        return ListTransactionsResponse.State(
            transactionalId: transactionalId,
            producerId: producerId,
            transactionState: transactionState)
    }
}
