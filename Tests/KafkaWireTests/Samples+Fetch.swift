import Bytes
import KafkaWire

extension FetchRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> FetchRequest {
        let clusterId = values.nullableString()
        let replicaId = values.int32()
        let replicaState = values.isPresent() ? (values.int32(), values.int64()) : (-1, -1)
        let maxWaitMs = values.int32()
        let minBytes = values.int32()
        let maxBytes = values.int32()
        let isolationLevel = values.int8()
        let sessionId = values.int32()
        let sessionEpoch = values.int32()
        let topics = values.array { values in
            (values.slice(), values.uuid(), values.array { Partition.sample(&$0, version: version) })
        }
        let hasIDs = version >= 13
        let forgotten = values.array { values in
            let (name, id) = (values.slice(), values.uuid())
            return ForgottenTopic(
                name: hasIDs ? .empty : name, id: hasIDs ? id : .zero, partitions: values.int32Array())
        }
        let rackId = values.string()
        var request = FetchRequest(
            replicaId: version >= 15 ? replicaState.0 : replicaId,
            replicaEpoch: version >= 15 ? replicaState.1 : -1,
            maxWaitMs: maxWaitMs,
            minBytes: minBytes,
            maxBytes: maxBytes,
            isolationLevel: isolationLevel,
            sessionId: version >= 7 ? sessionId : 0,
            sessionEpoch: version >= 7 ? sessionEpoch : -1,
            forgottenTopics: version >= 7 ? forgotten : [],
            rackId: version >= 11 ? rackId : "",
            clusterId: version >= 12 ? clusterId : nil)
        for (name, id, partitions) in topics {
            request.append(topic: hasIDs ? .empty : name, id: hasIDs ? id : nil, partitions: partitions)
        }
        return request
    }
}

extension FetchRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let index = values.int32()
        let currentLeaderEpoch = values.int32()
        let fetchOffset = values.int64()
        let lastFetchedEpoch = values.int32()
        let logStartOffset = values.int64()
        let maxBytes = values.int32()
        let replicaDirectoryId = values.uuid()
        return Self(
            index: index,
            currentLeaderEpoch: version >= 9 ? currentLeaderEpoch : -1,
            fetchOffset: fetchOffset,
            lastFetchedEpoch: version >= 12 ? lastFetchedEpoch : -1,
            logStartOffset: version >= 5 ? logStartOffset : -1,
            maxBytes: maxBytes,
            replicaDirectoryId: version >= 17 ? replicaDirectoryId : .zero)
    }
}

extension FetchResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> FetchResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let sessionId = values.int32()
        let topics = values.array { values in
            (values.slice(), values.uuid(), values.array { Partition.sample(&$0, version: version) })
        }
        let endpoints = values.array {
            KafkaNodeEndpoint(nodeId: $0.int32(), host: $0.string(), port: $0.int32(), rack: $0.nullableString())
        }
        var response = FetchResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: version >= 7 ? errorCode : .none,
            sessionId: version >= 7 ? sessionId : 0,
            nodeEndpoints: version >= 16 ? endpoints : [])
        let hasIDs = version >= 13
        for (name, id, partitions) in topics {
            response.append(topic: hasIDs ? .empty : name, id: hasIDs ? id : nil, partitions: partitions)
        }
        return response
    }
}

extension FetchResponse.Partition {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let index = values.int32()
        let errorCode = values.errorCode()
        let highWatermark = values.int64()
        let lastStableOffset = values.int64()
        let logStartOffset = values.int64()
        let diverging =
            values.isPresent() ? FetchResponse.EpochOffset(epoch: values.int32(), endOffset: values.int64()) : nil
        let leader =
            values.isPresent() ? KafkaLeader(leaderId: values.int32(), leaderEpoch: values.int32()) : nil
        var snapshot: FetchResponse.EpochOffset?
        if values.isPresent() {
            let endOffset = values.int64()
            snapshot = .init(epoch: values.int32(), endOffset: endOffset)
        }
        let aborted = values.nullableArray {
            FetchResponse.AbortedTransaction(producerId: $0.int64(), firstOffset: $0.int64())
        }
        let preferredReadReplica = values.int32()
        let records = values.nullableBytes()
        return Self(
            index: index,
            errorCode: errorCode,
            highWatermark: highWatermark,
            lastStableOffset: lastStableOffset,
            logStartOffset: version >= 5 ? logStartOffset : -1,
            divergingEpoch: version >= 12 ? diverging : nil,
            currentLeader: version >= 12 ? leader : nil,
            snapshotId: version >= 12 ? snapshot : nil,
            abortedTransactions: aborted,
            preferredReadReplica: version >= 11 ? preferredReadReplica : -1,
            records: records.map { .inline($0) } ?? .null)
    }
}
