import KafkaWire

/// Timestamps with a meaning of their own in ListOffsets.
enum OffsetLookup {
    static let latest: Int64 = -1
    static let earliest: Int64 = -2
}

extension ClusterClient {
    /// The first offset whose record is not older than `timestamp` (milliseconds, or one of `OffsetLookup`); the end of
    /// the partition when there is none.
    func offset(of topic: String, _ partition: Int32, at timestamp: Int64) throws(HoldfastError) -> Int64 {
        try retrying("looking up an offset of \(topic)-\(partition)") { attempt throws(ExchangeFailure) in
            if attempt > 0 || self.metadata.leader(of: topic, partition) == nil {
                try self.refreshKnown(topic, attempt: attempt, patience: Self.unknownTopicAttempts)
            }
            let found = try self.lookUp(topic, partition, timestamp)
            if found >= 0 || timestamp < 0 { return found }
            return try self.lookUp(topic, partition, OffsetLookup.latest)
        }
    }

    private func lookUp(
        _ topic: String, _ partition: Int32, _ timestamp: Int64
    ) throws(ExchangeFailure) -> Int64 {
        let wanted = ListOffsetsRequest.Partition(partitionIndex: partition, timestamp: timestamp)
        let answer = try ask(
            ListOffsetsRequest(replicaId: -1, topics: [.init(name: topic, partitions: [wanted])]),
            ListOffsetsResponse.self, .leader(topic: topic, partition: partition))
        guard let result = answer.topics.first?.partitions.first, result.partitionIndex == partition else {
            throw .failed(.malformed("no offset for \(topic)-\(partition)"))
        }
        if result.errorCode.isError { throw Self.failure(result.errorCode, "\(topic)-\(partition)") }
        return result.offset
    }
}
