import Bytes

/// One decoded request. Record data and the strings given as slices refer to the frame and keep it alive.
package struct KafkaRequest: Equatable, Sendable {
    package enum Body: Equatable, Sendable {
        case produce(ProduceRequest)
        case fetch(FetchRequest)
        case listOffsets(ListOffsetsRequest)
        case metadata(MetadataRequest)
        case offsetCommit(OffsetCommitRequest)
        case offsetFetch(OffsetFetchRequest)
        case findCoordinator(FindCoordinatorRequest)
        case joinGroup(JoinGroupRequest)
        case heartbeat(HeartbeatRequest)
        case leaveGroup(LeaveGroupRequest)
        case syncGroup(SyncGroupRequest)
        case describeGroups(DescribeGroupsRequest)
        case listGroups(ListGroupsRequest)
        case apiVersions(ApiVersionsRequest)
        case createTopics(CreateTopicsRequest)
        case deleteTopics(DeleteTopicsRequest)
        case deleteRecords(DeleteRecordsRequest)
        case initProducerId(InitProducerIdRequest)
        case offsetForLeaderEpoch(OffsetForLeaderEpochRequest)
        case addPartitionsToTxn(AddPartitionsToTxnRequest)
        case addOffsetsToTxn(AddOffsetsToTxnRequest)
        case endTxn(EndTxnRequest)
        case txnOffsetCommit(TxnOffsetCommitRequest)
        case describeConfigs(DescribeConfigsRequest)
        case alterConfigs(AlterConfigsRequest)
        case alterReplicaLogDirs(AlterReplicaLogDirsRequest)
        case describeLogDirs(DescribeLogDirsRequest)
        case createPartitions(CreatePartitionsRequest)
        case deleteGroups(DeleteGroupsRequest)
        case electLeaders(ElectLeadersRequest)
        case incrementalAlterConfigs(IncrementalAlterConfigsRequest)
        case alterPartitionReassignments(AlterPartitionReassignmentsRequest)
        case listPartitionReassignments(ListPartitionReassignmentsRequest)
        case offsetDelete(OffsetDeleteRequest)
        case describeClientQuotas(DescribeClientQuotasRequest)
        case alterClientQuotas(AlterClientQuotasRequest)
        case describeQuorum(DescribeQuorumRequest)
        case describeCluster(DescribeClusterRequest)
        case describeProducers(DescribeProducersRequest)
        case describeTransactions(DescribeTransactionsRequest)
        case listTransactions(ListTransactionsRequest)
        case consumerGroupHeartbeat(ConsumerGroupHeartbeatRequest)
        case consumerGroupDescribe(ConsumerGroupDescribeRequest)
        case listConfigResources(ListConfigResourcesRequest)
        case describeTopicPartitions(DescribeTopicPartitionsRequest)
    }

    package let header: KafkaRequestHeader
    package let body: Body

    /// Decodes one frame, without its length prefix. What follows the last field is ignored, as Kafka does: librdkafka
    /// 2.16 leaves three bytes over when it asks for the metadata of all topics.
    package static func decode(frame: ByteSlice) throws(KafkaRequestError) -> KafkaRequest {
        var reader = ByteReader(frame)
        let header = try KafkaRequestHeader(from: &reader)
        do {
            let body = try Body(header.apiKey, from: &reader, version: header.apiVersion)
            return KafkaRequest(header: header, body: body)
        } catch { throw .malformedBody(header, error) }
    }
}

extension KafkaRequest.Body {
    fileprivate init(_ key: ApiKey, from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        self =
            switch key {
            case .produce: .produce(try ProduceRequest(from: &reader, version: version))
            case .fetch: .fetch(try FetchRequest(from: &reader, version: version))
            case .listOffsets: .listOffsets(try ListOffsetsRequest(from: &reader, version: version))
            case .metadata: .metadata(try MetadataRequest(from: &reader, version: version))
            case .offsetCommit: .offsetCommit(try OffsetCommitRequest(from: &reader, version: version))
            case .offsetFetch: .offsetFetch(try OffsetFetchRequest(from: &reader, version: version))
            case .findCoordinator: .findCoordinator(try FindCoordinatorRequest(from: &reader, version: version))
            case .joinGroup: .joinGroup(try JoinGroupRequest(from: &reader, version: version))
            case .heartbeat: .heartbeat(try HeartbeatRequest(from: &reader, version: version))
            case .leaveGroup: .leaveGroup(try LeaveGroupRequest(from: &reader, version: version))
            case .syncGroup: .syncGroup(try SyncGroupRequest(from: &reader, version: version))
            case .describeGroups: .describeGroups(try DescribeGroupsRequest(from: &reader, version: version))
            case .listGroups: .listGroups(try ListGroupsRequest(from: &reader, version: version))
            case .apiVersions: .apiVersions(try ApiVersionsRequest(from: &reader, version: version))
            case .createTopics: .createTopics(try CreateTopicsRequest(from: &reader, version: version))
            case .deleteTopics: .deleteTopics(try DeleteTopicsRequest(from: &reader, version: version))
            case .deleteRecords: .deleteRecords(try DeleteRecordsRequest(from: &reader, version: version))
            case .initProducerId: .initProducerId(try InitProducerIdRequest(from: &reader, version: version))
            case .offsetForLeaderEpoch:
                .offsetForLeaderEpoch(try OffsetForLeaderEpochRequest(from: &reader, version: version))
            case .addPartitionsToTxn:
                .addPartitionsToTxn(try AddPartitionsToTxnRequest(from: &reader, version: version))
            case .addOffsetsToTxn: .addOffsetsToTxn(try AddOffsetsToTxnRequest(from: &reader, version: version))
            case .endTxn: .endTxn(try EndTxnRequest(from: &reader, version: version))
            case .txnOffsetCommit: .txnOffsetCommit(try TxnOffsetCommitRequest(from: &reader, version: version))
            case .describeConfigs: .describeConfigs(try DescribeConfigsRequest(from: &reader, version: version))
            case .alterConfigs: .alterConfigs(try AlterConfigsRequest(from: &reader, version: version))
            case .alterReplicaLogDirs:
                .alterReplicaLogDirs(try AlterReplicaLogDirsRequest(from: &reader, version: version))
            case .describeLogDirs: .describeLogDirs(try DescribeLogDirsRequest(from: &reader, version: version))
            case .createPartitions: .createPartitions(try CreatePartitionsRequest(from: &reader, version: version))
            case .deleteGroups: .deleteGroups(try DeleteGroupsRequest(from: &reader, version: version))
            case .electLeaders: .electLeaders(try ElectLeadersRequest(from: &reader, version: version))
            case .incrementalAlterConfigs:
                .incrementalAlterConfigs(try IncrementalAlterConfigsRequest(from: &reader, version: version))
            case .alterPartitionReassignments:
                .alterPartitionReassignments(try AlterPartitionReassignmentsRequest(from: &reader, version: version))
            case .listPartitionReassignments:
                .listPartitionReassignments(try ListPartitionReassignmentsRequest(from: &reader, version: version))
            case .offsetDelete: .offsetDelete(try OffsetDeleteRequest(from: &reader, version: version))
            case .describeClientQuotas:
                .describeClientQuotas(try DescribeClientQuotasRequest(from: &reader, version: version))
            case .alterClientQuotas: .alterClientQuotas(try AlterClientQuotasRequest(from: &reader, version: version))
            case .describeQuorum: .describeQuorum(try DescribeQuorumRequest(from: &reader, version: version))
            case .describeCluster: .describeCluster(try DescribeClusterRequest(from: &reader, version: version))
            case .describeProducers: .describeProducers(try DescribeProducersRequest(from: &reader, version: version))
            case .describeTransactions:
                .describeTransactions(try DescribeTransactionsRequest(from: &reader, version: version))
            case .listTransactions: .listTransactions(try ListTransactionsRequest(from: &reader, version: version))
            case .consumerGroupHeartbeat:
                .consumerGroupHeartbeat(try ConsumerGroupHeartbeatRequest(from: &reader, version: version))
            case .consumerGroupDescribe:
                .consumerGroupDescribe(try ConsumerGroupDescribeRequest(from: &reader, version: version))
            case .listConfigResources:
                .listConfigResources(try ListConfigResourcesRequest(from: &reader, version: version))
            case .describeTopicPartitions:
                .describeTopicPartitions(try DescribeTopicPartitionsRequest(from: &reader, version: version))
            }
    }
}
