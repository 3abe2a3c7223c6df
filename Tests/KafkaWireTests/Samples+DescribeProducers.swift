import KafkaWire

extension DescribeProducersRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeProducersRequest {
        let topics = values.array { DescribeProducersRequest.Topic.sample(&$0, version: version) }
        return DescribeProducersRequest(
            topics: topics)
    }
}

extension DescribeProducersResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeProducersResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { DescribeProducersResponse.Topic.sample(&$0, version: version) }
        return DescribeProducersResponse(
            throttleTimeMs: throttleTimeMs,
            topics: topics)
    }
}

extension DescribeProducersResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeProducersResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let activeProducers = values.array { DescribeProducersResponse.Producer.sample(&$0, version: version) }
        return DescribeProducersResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode,
            errorMessage: errorMessage,
            activeProducers: activeProducers)
    }
}

extension DescribeProducersResponse.Producer: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeProducersResponse.Producer {
        let producerId = values.int64()
        let producerEpoch = values.int32()
        let lastSequence = values.int32()
        let lastTimestamp = values.int64()
        let coordinatorEpoch = values.int32()
        let currentTxnStartOffset = values.int64()
        return DescribeProducersResponse.Producer(
            producerId: producerId,
            producerEpoch: producerEpoch,
            lastSequence: lastSequence,
            lastTimestamp: lastTimestamp,
            coordinatorEpoch: coordinatorEpoch,
            currentTxnStartOffset: currentTxnStartOffset)
    }
}
