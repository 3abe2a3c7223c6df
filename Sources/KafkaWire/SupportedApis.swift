/// The version window of one API.
package struct SupportedApi: Equatable, Sendable {
    package let key: ApiKey
    /// Lowest version named in ApiVersions; below `minimumServed` only for Produce.
    package let minimumAdvertised: Int16
    package let minimumServed: Int16
    package let maximum: Int16
    /// First version with compact lengths, tagged fields and the longer headers (KIP-482).
    package let firstFlexible: Int16

    package func serves(_ version: Int16) -> Bool { version >= minimumServed && version <= maximum }

    package func isFlexible(_ version: Int16) -> Bool { version >= firstFlexible }

    /// The response header's version: 1 adds tagged fields. ApiVersions stays at 0, because its client does not yet
    /// know what the broker speaks (KIP-511).
    package func responseHeaderIsFlexible(_ version: Int16) -> Bool { key != .apiVersions && isFlexible(version) }
}

/// What is served, in key order.
package enum SupportedApis {
    /// Produce is advertised from 0 although 0 to 2 are refused: librdkafka derives its feature flags from the
    /// presence of the old versions (exception in KIP-896).
    package static let all: [SupportedApi] = [
        entry(.produce, 3, 11, flexible: 9, advertised: 0),
        entry(.fetch, 4, 17, flexible: 12),
        entry(.listOffsets, 1, 8, flexible: 6),
        entry(.metadata, 0, 13, flexible: 9),
        entry(.offsetCommit, 2, 9, flexible: 8),
        entry(.offsetFetch, 1, 9, flexible: 6),
        entry(.findCoordinator, 0, 6, flexible: 3),
        entry(.joinGroup, 0, 9, flexible: 6),
        entry(.heartbeat, 0, 4, flexible: 4),
        entry(.leaveGroup, 0, 5, flexible: 4),
        entry(.syncGroup, 0, 5, flexible: 4),
        entry(.describeGroups, 0, 5, flexible: 5),
        entry(.listGroups, 0, 5, flexible: 3),
        entry(.apiVersions, 0, 4, flexible: 3),
        entry(.createTopics, 2, 7, flexible: 5),
        entry(.deleteTopics, 1, 6, flexible: 4),
        entry(.deleteRecords, 0, 2, flexible: 2),
        entry(.initProducerId, 0, 5, flexible: 2),
        entry(.offsetForLeaderEpoch, 2, 4, flexible: 4),
        entry(.addPartitionsToTxn, 0, 3, flexible: 3),
        entry(.addOffsetsToTxn, 0, 4, flexible: 3),
        entry(.endTxn, 0, 4, flexible: 3),
        entry(.txnOffsetCommit, 0, 4, flexible: 3),
        entry(.describeConfigs, 1, 4, flexible: 4),
        entry(.alterConfigs, 0, 2, flexible: 2),
        entry(.alterReplicaLogDirs, 1, 2, flexible: 2),
        entry(.describeLogDirs, 1, 4, flexible: 2),
        entry(.createPartitions, 0, 3, flexible: 2),
        entry(.deleteGroups, 0, 2, flexible: 2),
        entry(.electLeaders, 0, 2, flexible: 2),
        entry(.incrementalAlterConfigs, 0, 1, flexible: 1),
        entry(.alterPartitionReassignments, 0, 1, flexible: 0),
        entry(.listPartitionReassignments, 0, 0, flexible: 0),
        entry(.offsetDelete, 0, 0, flexible: .max),
        entry(.describeClientQuotas, 0, 1, flexible: 1),
        entry(.alterClientQuotas, 0, 1, flexible: 1),
        entry(.describeQuorum, 0, 2, flexible: 0),
        entry(.describeCluster, 0, 1, flexible: 0),
        entry(.describeProducers, 0, 0, flexible: 0),
        entry(.describeTransactions, 0, 0, flexible: 0),
        entry(.listTransactions, 0, 2, flexible: 0),
        entry(.consumerGroupHeartbeat, 0, 1, flexible: 0),
        entry(.consumerGroupDescribe, 0, 1, flexible: 0),
        entry(.listConfigResources, 0, 1, flexible: 0),
        entry(.describeTopicPartitions, 0, 0, flexible: 0),
    ]

    package static subscript(key: ApiKey) -> SupportedApi {
        guard let position = positions[Int(key.rawValue)] else { preconditionFailure("no version window for \(key)") }
        return all[position]
    }

    /// Position in `all` by key number, so that a request finds its window without a search.
    private static let positions: [Int?] = {
        var positions = [Int?](repeating: nil, count: Int(ApiKey.allCases.map(\.rawValue).max() ?? 0) + 1)
        for (position, api) in all.enumerated() { positions[Int(api.key.rawValue)] = position }
        return positions
    }()

    private static func entry(
        _ key: ApiKey, _ minimum: Int16, _ maximum: Int16, flexible: Int16, advertised: Int16? = nil
    ) -> SupportedApi {
        SupportedApi(
            key: key, minimumAdvertised: advertised ?? minimum, minimumServed: minimum, maximum: maximum,
            firstFlexible: flexible)
    }
}
