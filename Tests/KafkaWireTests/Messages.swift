import Bytes
import KafkaWire

/// One API with its message types, so that a test can go over all of them.
struct ApiCase: Sendable, CustomStringConvertible {
    let key: ApiKey
    let request: any (KafkaRequestBody & Sampled).Type
    let response: any (KafkaResponseBody & Sampled).Type

    var description: String { key.name }
    var versions: ClosedRange<Int16> { SupportedApis[key].minimumServed...SupportedApis[key].maximum }

    static let all: [ApiCase] = [
        ApiCase(key: .produce, request: ProduceRequest.self, response: ProduceResponse.self),
        ApiCase(key: .fetch, request: FetchRequest.self, response: FetchResponse.self),
        ApiCase(key: .listOffsets, request: ListOffsetsRequest.self, response: ListOffsetsResponse.self),
        ApiCase(key: .metadata, request: MetadataRequest.self, response: MetadataResponse.self),
        ApiCase(key: .offsetCommit, request: OffsetCommitRequest.self, response: OffsetCommitResponse.self),
        ApiCase(key: .offsetFetch, request: OffsetFetchRequest.self, response: OffsetFetchResponse.self),
        ApiCase(key: .findCoordinator, request: FindCoordinatorRequest.self, response: FindCoordinatorResponse.self),
        ApiCase(key: .joinGroup, request: JoinGroupRequest.self, response: JoinGroupResponse.self),
        ApiCase(key: .heartbeat, request: HeartbeatRequest.self, response: HeartbeatResponse.self),
        ApiCase(key: .leaveGroup, request: LeaveGroupRequest.self, response: LeaveGroupResponse.self),
        ApiCase(key: .syncGroup, request: SyncGroupRequest.self, response: SyncGroupResponse.self),
        ApiCase(key: .describeGroups, request: DescribeGroupsRequest.self, response: DescribeGroupsResponse.self),
        ApiCase(key: .listGroups, request: ListGroupsRequest.self, response: ListGroupsResponse.self),
        ApiCase(key: .apiVersions, request: ApiVersionsRequest.self, response: ApiVersionsResponse.self),
        ApiCase(key: .createTopics, request: CreateTopicsRequest.self, response: CreateTopicsResponse.self),
        ApiCase(key: .deleteTopics, request: DeleteTopicsRequest.self, response: DeleteTopicsResponse.self),
        ApiCase(key: .deleteRecords, request: DeleteRecordsRequest.self, response: DeleteRecordsResponse.self),
        ApiCase(key: .initProducerId, request: InitProducerIdRequest.self, response: InitProducerIdResponse.self),
        ApiCase(
            key: .offsetForLeaderEpoch, request: OffsetForLeaderEpochRequest.self,
            response: OffsetForLeaderEpochResponse.self),
        ApiCase(
            key: .addPartitionsToTxn, request: AddPartitionsToTxnRequest.self,
            response: AddPartitionsToTxnResponse.self),
        ApiCase(key: .addOffsetsToTxn, request: AddOffsetsToTxnRequest.self, response: AddOffsetsToTxnResponse.self),
        ApiCase(key: .endTxn, request: EndTxnRequest.self, response: EndTxnResponse.self),
        ApiCase(key: .txnOffsetCommit, request: TxnOffsetCommitRequest.self, response: TxnOffsetCommitResponse.self),
        ApiCase(key: .describeConfigs, request: DescribeConfigsRequest.self, response: DescribeConfigsResponse.self),
        ApiCase(key: .alterConfigs, request: AlterConfigsRequest.self, response: AlterConfigsResponse.self),
        ApiCase(
            key: .alterReplicaLogDirs, request: AlterReplicaLogDirsRequest.self,
            response: AlterReplicaLogDirsResponse.self),
        ApiCase(key: .describeLogDirs, request: DescribeLogDirsRequest.self, response: DescribeLogDirsResponse.self),
        ApiCase(
            key: .createPartitions, request: CreatePartitionsRequest.self, response: CreatePartitionsResponse.self),
        ApiCase(key: .deleteGroups, request: DeleteGroupsRequest.self, response: DeleteGroupsResponse.self),
        ApiCase(key: .electLeaders, request: ElectLeadersRequest.self, response: ElectLeadersResponse.self),
        ApiCase(
            key: .incrementalAlterConfigs, request: IncrementalAlterConfigsRequest.self,
            response: IncrementalAlterConfigsResponse.self),
        ApiCase(
            key: .alterPartitionReassignments, request: AlterPartitionReassignmentsRequest.self,
            response: AlterPartitionReassignmentsResponse.self),
        ApiCase(
            key: .listPartitionReassignments, request: ListPartitionReassignmentsRequest.self,
            response: ListPartitionReassignmentsResponse.self),
        ApiCase(key: .offsetDelete, request: OffsetDeleteRequest.self, response: OffsetDeleteResponse.self),
        ApiCase(
            key: .describeClientQuotas, request: DescribeClientQuotasRequest.self,
            response: DescribeClientQuotasResponse.self),
        ApiCase(
            key: .alterClientQuotas, request: AlterClientQuotasRequest.self, response: AlterClientQuotasResponse.self),
        ApiCase(key: .describeQuorum, request: DescribeQuorumRequest.self, response: DescribeQuorumResponse.self),
        ApiCase(key: .describeCluster, request: DescribeClusterRequest.self, response: DescribeClusterResponse.self),
        ApiCase(
            key: .describeProducers, request: DescribeProducersRequest.self, response: DescribeProducersResponse.self),
        ApiCase(
            key: .describeTransactions, request: DescribeTransactionsRequest.self,
            response: DescribeTransactionsResponse.self),
        ApiCase(
            key: .listTransactions, request: ListTransactionsRequest.self, response: ListTransactionsResponse.self),
        ApiCase(
            key: .consumerGroupHeartbeat, request: ConsumerGroupHeartbeatRequest.self,
            response: ConsumerGroupHeartbeatResponse.self),
        ApiCase(
            key: .consumerGroupDescribe, request: ConsumerGroupDescribeRequest.self,
            response: ConsumerGroupDescribeResponse.self),
        ApiCase(
            key: .listConfigResources, request: ListConfigResourcesRequest.self,
            response: ListConfigResourcesResponse.self),
        ApiCase(
            key: .describeTopicPartitions, request: DescribeTopicPartitionsRequest.self,
            response: DescribeTopicPartitionsResponse.self),
    ]

    static subscript(key: ApiKey) -> ApiCase { all.first { $0.key == key }! }
}

extension Sampled where Self: KafkaBody {
    /// A sample and its encoding, without header.
    static func encoded(_ values: TestValues, version: Int16) -> (sample: Self, bytes: ByteSlice) {
        var values = values
        let sample = Self.sample(&values, version: version)
        return (sample, sample.encodedBody(version: version))
    }

    static func encodedBytes(_ values: TestValues, version: Int16) -> ByteSlice {
        encoded(values, version: version).bytes
    }

    func encodedBody(version: Int16) -> ByteSlice {
        var writer = ByteWriter()
        encode(into: &writer, version: version)
        return writer.finish()
    }

    /// The body that is all of `bytes`.
    static func decoded(_ bytes: ByteSlice, version: Int16) throws(DecodeError) -> Self {
        var reader = ByteReader(bytes)
        let body = try Self(from: &reader, version: version)
        try reader.requireEnd()
        return body
    }
}

extension KafkaRequest {
    /// The body, whatever its API.
    var anyBody: any KafkaRequestBody {
        switch body {
        case .produce(let body): body
        case .fetch(let body): body
        case .listOffsets(let body): body
        case .metadata(let body): body
        case .offsetCommit(let body): body
        case .offsetFetch(let body): body
        case .findCoordinator(let body): body
        case .joinGroup(let body): body
        case .heartbeat(let body): body
        case .leaveGroup(let body): body
        case .syncGroup(let body): body
        case .describeGroups(let body): body
        case .listGroups(let body): body
        case .apiVersions(let body): body
        case .createTopics(let body): body
        case .deleteTopics(let body): body
        case .deleteRecords(let body): body
        case .initProducerId(let body): body
        case .offsetForLeaderEpoch(let body): body
        case .addPartitionsToTxn(let body): body
        case .addOffsetsToTxn(let body): body
        case .endTxn(let body): body
        case .txnOffsetCommit(let body): body
        case .describeConfigs(let body): body
        case .alterConfigs(let body): body
        case .alterReplicaLogDirs(let body): body
        case .describeLogDirs(let body): body
        case .createPartitions(let body): body
        case .deleteGroups(let body): body
        case .electLeaders(let body): body
        case .incrementalAlterConfigs(let body): body
        case .alterPartitionReassignments(let body): body
        case .listPartitionReassignments(let body): body
        case .offsetDelete(let body): body
        case .describeClientQuotas(let body): body
        case .alterClientQuotas(let body): body
        case .describeQuorum(let body): body
        case .describeCluster(let body): body
        case .describeProducers(let body): body
        case .describeTransactions(let body): body
        case .listTransactions(let body): body
        case .consumerGroupHeartbeat(let body): body
        case .consumerGroupDescribe(let body): body
        case .listConfigResources(let body): body
        case .describeTopicPartitions(let body): body
        }
    }
}
