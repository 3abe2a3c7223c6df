import Broker
import Bytes
import KafkaWire
import Node
import Ports

/// Where partitions are. Every voter holds every partition, in its one log: so nothing is ever moved by these requests.
extension KafkaSession {
    /// AlterPartitionReassignments (key 45, KIP-455).
    func alterPartitionReassignments(_ header: KafkaRequestHeader, _ request: AlterPartitionReassignmentsRequest) {
        let voters = gateway.voters.map(\.kafkaID)
        var left = gateway.settings.maximumItemsPerRequest
        respond(header, AlterPartitionReassignmentsResponse(
            allowReplicationFactorChange: request.allowReplicationFactorChange, errorMessage: nil,
            responses: request.topics.map { topic in
                let count = gateway.broker.topic(named: topic.name)?.partitions.count ?? 0
                return .init(name: topic.name, partitions: topic.partitions.map { partition in
                    left -= 1
                    let refusal: Refusal? =
                        if left < 0 {
                            .tooManyItems
                        } else if !(0..<count).contains(Int(partition.partitionIndex)) {
                            .unknownPartition
                        } else {
                            Self.refusal(ofPlacing: partition.replicas, on: voters)
                        }
                    return .init(
                        partitionIndex: partition.partitionIndex, errorCode: refusal?.code ?? .none,
                        errorMessage: refusal?.message)
                })
            }))
    }

    private static func refusal(ofPlacing replicas: [Int32]?, on voters: [Int32]) -> Refusal? {
        guard let replicas else {
            return Refusal(.noReassignmentInProgress, "no partition is ever on its way to another node")
        }
        if replicas.sorted() == voters { return nil }
        return Refusal(.invalidReplicaAssignment, "every voter holds every partition: \(voters)")
    }

    /// ListPartitionReassignments (key 46, KIP-455).
    func listPartitionReassignments(_ header: KafkaRequestHeader, _ request: ListPartitionReassignmentsRequest) {
        respond(header, ListPartitionReassignmentsResponse(errorMessage: nil, topics: []))
    }

    /// AlterReplicaLogDirs (key 34, KIP-113).
    func alterReplicaLogDirs(_ header: KafkaRequestHeader, _ request: AlterReplicaLogDirsRequest) {
        var left = gateway.settings.maximumItemsPerRequest
        let topics = request.dirs.flatMap { directory in
            directory.topics.map { topic -> AlterReplicaLogDirsResponse.Topic in
                let count = gateway.broker.topic(named: topic.name)?.partitions.count ?? 0
                return .init(name: topic.name, partitions: topic.partitions.map { index in
                    left -= 1
                    let code: KafkaErrorCode =
                        if left < 0 {
                            .policyViolation
                        } else if directory.path != gateway.settings.dataDirectory {
                            .logDirNotFound
                        } else {
                            (0..<count).contains(Int(index)) ? .none : .unknownTopicOrPartition
                        }
                    return .init(partitionIndex: index, errorCode: code)
                })
            }
        }
        respond(header, AlterReplicaLogDirsResponse(topics: topics))
    }

    /// DescribeQuorum (key 55, KIP-595): the Raft group that orders everything, under the name of Kafka's own. An
    /// offset is a log index; as in Kafka an end is the first that is not there.
    func describeQuorum(_ header: KafkaRequestHeader, _ request: DescribeQuorumRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: nil,
            execute: { [gateway] call in
                var left = gateway.settings.maximumItemsPerRequest
                let topics = request.topics.map { topic in
                    DescribeQuorumResponse.Topic(name: topic.name, partitions: topic.partitions.map { partition in
                        left -= 1
                        if left < 0 { return .failed(partition.partitionIndex, .tooManyItems) }
                        guard topic.name == "__cluster_metadata", partition.partitionIndex == 0 else {
                            return .failed(partition.partitionIndex, .unknownPartition)
                        }
                        return gateway.quorum
                    })
                }
                call.answer(DescribeQuorumResponse(topics: topics, nodes: gateway.sortedEndpoints.map {
                    .init(nodeId: $0.node.kafkaID, listeners: [
                        .init(name: "PLAINTEXT", host: $0.endpoint.host, port: UInt16(clamping: $0.endpoint.port))
                    ])
                }))
            },
            refusal: { call in
                let reason = call.reason
                call.answer(DescribeQuorumResponse(errorCode: reason.code, errorMessage: reason.message, topics: []))
            })
    }

    /// ListConfigResources (key 74, KIP-1142): topics (type 2) and nodes (4). There are no settings of a node's loggers
    /// (8), of client metrics (16), which are all that version 0 asks for, or of groups (32).
    func listConfigResources(_ header: KafkaRequestHeader, _ request: ListConfigResourcesRequest) {
        let known: [Int8] = [2, 4, 8, 16, 32]
        guard request.resourceTypes.allSatisfy(known.contains) else {
            return respond(header, ListConfigResourcesResponse(errorCode: .unsupportedVersion, configResources: []))
        }
        let asked = header.apiVersion == 0 ? [16] : request.resourceTypes.isEmpty ? known : request.resourceTypes
        var resources: [ListConfigResourcesResponse.Resource] = []
        if asked.contains(2) {
            resources += gateway.broker.topics.map { .init(resourceName: $0.name, resourceType: 2) }
        }
        if asked.contains(4) {
            resources += gateway.sortedEndpoints.map { .init(resourceName: "\($0.node)", resourceType: 4) }
        }
        respond(header, ListConfigResourcesResponse(configResources: resources))
    }
}

extension KafkaGateway {
    /// The group as its leader sees it.
    fileprivate var quorum: DescribeQuorumResponse.Partition {
        let status = node.status
        let now = node.clock.wallMilliseconds
        func replica(_ member: NodeID) -> DescribeQuorumResponse.Replica {
            let isOwn = member == status.node
            let matched = status.followers.first { $0.node == member }?.matchedIndex ?? 0
            return .init(
                replicaId: member.kafkaID, directoryId: directory(of: member),
                logEndOffset: Int64(clamping: isOwn ? status.lastIndex : matched) + 1,
                lastCaughtUpTimestamp: isOwn ? now : -1)
        }
        return .init(
            partitionIndex: 0, leaderId: status.node.kafkaID, leaderEpoch: leaderEpoch,
            highWatermark: Int64(clamping: status.commitIndex) + 1,
            currentVoters: status.voters.sorted().map { replica($0) },
            observers: status.learners.sorted().map { replica($0) })
    }

    /// Zero while the member has not introduced itself.
    private func directory(of member: NodeID) -> KafkaUUID {
        KafkaUUID(high: 0, low: node.replica.configuration.record(of: member.rawValue).incarnation)
    }
}

extension DescribeQuorumResponse.Partition {
    fileprivate static func failed(_ index: Int32, _ refusal: Refusal) -> Self {
        .init(
            partitionIndex: index, errorCode: refusal.code, errorMessage: refusal.message, leaderId: -1,
            leaderEpoch: -1, highWatermark: -1, currentVoters: [], observers: [])
    }
}
