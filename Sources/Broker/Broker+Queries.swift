/// Reading. A `Topic` or `PartitionState` returned is a copy that shares memory: do not keep one across `apply`, or the
/// next change of it copies the shared part.
extension Broker {
    package func topic(named name: String) -> Topic? { topicNumber(named: name).flatMap(topic(number:)) }
    package func topic(id: TopicID) -> Topic? { directory.number(id: id).flatMap(topic(number:)) }
    package func topic(number: UInt32) -> Topic? { directory.slot(number).map { directory.topics[$0] } }

    /// Without a copy of the topic.
    package func topicNumber(named name: String) -> UInt32? { directory.number(named: name) }
    package func topicNumber(id: TopicID) -> UInt32? { directory.number(id: id) }

    package func partitionCount(ofTopic number: UInt32) -> Int? {
        directory.slot(number).map { directory.topics[$0].partitions.count }
    }
    package func topicID(ofTopic number: UInt32) -> TopicID? { directory.slot(number).map { directory.topics[$0].id } }

    /// Kafka's `min.insync.replicas`.
    package func minimumCopies(ofTopic number: UInt32) -> Int {
        directory.slot(number).map { directory.topics[$0].settings.minimumInsyncReplicas } ?? 1
    }

    /// `holdfast.acks.leader`: acks=1 is answered when the leader's own disk has the records.
    package func allowsLeaderAcks(ofTopic number: UInt32) -> Bool {
        directory.slot(number).map { directory.topics[$0].settings.allowsLeaderAcks } ?? false
    }

    /// `cleanup.policy` has "compact".
    package func isCompacted(topic number: UInt32) -> Bool {
        directory.slot(number).map { directory.topics[$0].settings.compacts } ?? false
    }

    /// `max.message.bytes` of a topic that is compacted; nil for any other.
    package func maximumCompactedBytes(topic number: UInt32) -> Int? {
        directory.slot(number).flatMap {
            let settings = directory.topics[$0].settings
            return settings.compacts ? settings.maximumMessageBytes : nil
        }
    }

    /// Differs whenever a topic was created or deleted or got partitions: numbers and partitions are only ever added,
    /// and a deletion leaves one topic less of as many numbers.
    package var directoryStamp: DirectoryStamp {
        DirectoryStamp(numbers: directory.nextNumber, topics: topicCount, partitions: partitionCount)
    }

    package var topicCount: Int { directory.topics.count }
    /// In the order of their names.
    package var topicNumbers: [UInt32] { directory.numbersByName }
    package var partitionCount: Int { directory.partitionTotal }

    /// All topics, in order of name.
    package var topics: [Topic] { directory.numbersByName.compactMap(topic(number:)) }

    /// Names of the first `limit` topics that are not before `name`, in order.
    package func topicNames(from name: String, limit: Int) -> [String] { directory.names(from: name, limit: limit) }

    package func partition(_ key: PartitionKey) -> PartitionState? {
        guard let slot = directory.slot(key.topic),
            Int(key.partition) < directory.topics[slot].partitions.count
        else { return nil }
        return directory.topics[slot].partitions[Int(key.partition)]
    }

    /// Appends to `ranges` where the batches from `offset` on lie: joined where they lie end to end in one entry,
    /// until `maximumBytes` would be passed, but at least one range, which may be larger (up to 128 KiB of batches,
    /// or one larger batch). The first range may begin before `offset`; `RecordBatch.window` cuts it to whole
    /// batches.
    ///
    /// `.sealed` when memory does not hold the row: the caller gets it as `PartitionRows`. `limit` may be the last
    /// stable offset: nothing from there on is found.
    package func locate(
        _ key: PartitionKey, from offset: Int64, before limit: Int64 = .max, maximumBytes: Int,
        into ranges: inout [StoredRange]
    ) -> LocateResult {
        guard let slot = directory.slot(key.topic),
            Int(key.partition) < directory.topics[slot].partitions.count
        else { return .unknownPartition }
        return directory.topics[slot].partitions[Int(key.partition)].locate(
            from: offset, before: limit, maximumBytes: maximumBytes, into: &ranges)
    }

    /// The smallest log index that any partition's batches still need; nil when there are none at all. Looks at every
    /// partition once: for use when a segment could go, not per entry.
    package var lowestLiveIndex: UInt64? {
        var lowest: UInt64?
        for topic in directory.topics {
            for partition in topic.partitions {
                guard let index = partition.lowestLiveIndex else { continue }
                lowest = min(lowest ?? index, index)
            }
        }
        return lowest
    }
}
