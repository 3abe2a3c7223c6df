import Broker
import Bytes
import KafkaWire
import Node

extension KafkaSession {
    /// ListOffsets (key 2). Answered by the leader after it has made sure that it still is one: a deposed leader would
    /// otherwise tell an end of the log that lies before records others were acknowledged.
    func listOffsets(_ header: KafkaRequestHeader, _ request: ListOffsetsRequest) {
        guard replica.admission != nil else {
            return respond(header, OffsetLookup.failing(request, .notLeaderOrFollower))
        }
        let ticket = reserve(holding: 0)
        replica.readBarrier { [self] isCurrent in
            guard isCurrent, !isClosed else {
                return fill(ticket, header, OffsetLookup.failing(request, .notLeaderOrFollower))
            }
            OffsetLookup(gateway: gateway, version: header.apiVersion, request: request) { response in
                self.fill(ticket, header, response)
            }.run()
        }
    }

    /// OffsetForLeaderEpoch (key 23, KIP-320).
    func offsetForLeaderEpoch(_ header: KafkaRequestHeader, _ request: OffsetForLeaderEpochRequest) {
        let topics = request.topics.map { topic in
            let number = gateway.broker.topicNumber(named: topic.name)
            return OffsetForLeaderEpochResponse.Topic(
                name: topic.name, partitions: topic.partitions.map { endOffset(of: $0, in: number) })
        }
        respond(header, OffsetForLeaderEpochResponse(topics: topics))
    }

    private func endOffset(
        of partition: OffsetForLeaderEpochRequest.Partition, in topic: UInt32?
    ) -> OffsetForLeaderEpochResponse.Partition {
        switch gateway.find(partition.partition, of: topic, leaderEpoch: partition.currentLeaderEpoch) {
        case .failed(let code): return .init(errorCode: code, partition: partition.partition)
        case .found(let state):
            let end = state.endOffset(ofEpoch: partition.leaderEpoch, currentEpoch: gateway.leaderEpoch)
            return .init(
                partition: partition.partition, leaderEpoch: end?.epoch ?? -1, endOffset: end?.offset ?? -1)
        }
    }
}

/// What a client's view of a partition comes to here.
enum PartitionLookup {
    case found(PartitionState)
    case failed(KafkaErrorCode)
}

extension KafkaGateway {
    /// A partition as the leader knows it.
    func find(_ partition: Int32, of topic: UInt32?, leaderEpoch: Int32) -> PartitionLookup {
        guard replica.admission != nil else { return .failed(.notLeaderOrFollower) }
        guard let topic, partition >= 0,
            let state = broker.partition(PartitionKey(topic: topic, partition: UInt32(partition)))
        else { return .failed(.unknownTopicOrPartition) }
        let code = check(leaderEpoch: leaderEpoch)
        return code.isError ? .failed(code) : .found(state)
    }
}
