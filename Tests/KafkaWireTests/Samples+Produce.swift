import Bytes
import KafkaWire

extension ProduceRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ProduceRequest {
        let transactionalId = values.nullableString()
        let acks = values.int16()
        var request = ProduceRequest(transactionalId: transactionalId, acks: acks, timeoutMs: values.int32())
        let topics = values.array { values in
            (values.slice(), values.array { Partition(index: $0.int32(), records: $0.nullableBytes()) })
        }
        for (name, partitions) in topics { request.append(topic: name, partitions: partitions) }
        return request
    }
}

extension ProduceResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ProduceResponse {
        let topics = values.array { values in
            (values.slice(), values.array { Partition.sample(&$0, version: version) })
        }
        let throttleTimeMs = values.int32()
        let endpoints = values.array { values in
            KafkaNodeEndpoint(
                nodeId: values.int32(), host: values.string(), port: values.int32(), rack: values.nullableString())
        }
        var response = ProduceResponse(
            throttleTimeMs: throttleTimeMs, nodeEndpoints: version >= 10 ? endpoints : [])
        for (name, partitions) in topics { response.append(topic: name, partitions: partitions) }
        return response
    }
}

extension ProduceResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let index = values.int32()
        let errorCode = values.errorCode()
        let baseOffset = values.int64()
        let logAppendTimeMs = values.int64()
        let logStartOffset = values.int64()
        let recordErrors = values.array {
            ProduceResponse.RecordError(batchIndex: $0.int32(), message: $0.nullableString())
        }
        let errorMessage = values.nullableString()
        let leader =
            values.isPresent() ? KafkaLeader(leaderId: values.int32(), leaderEpoch: values.int32()) : nil
        return Self(
            index: index,
            errorCode: errorCode,
            baseOffset: baseOffset,
            logAppendTimeMs: logAppendTimeMs,
            logStartOffset: version >= 5 ? logStartOffset : -1,
            recordErrors: version >= 8 ? recordErrors : [],
            errorMessage: version >= 8 ? errorMessage : nil,
            currentLeader: version >= 10 ? leader : nil)
    }
}
