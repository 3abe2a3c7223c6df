import Broker
import LogStore

/// Looks at all partitions, some in each tick: how much of the oldest segments is live, which are to be compacted.
struct RewriteSurvey {
    private static let partitionsPerTick = 1_000

    /// Of the sealed segments, oldest first, the last entry and the size.
    private let segments: [(last: UInt64, bytes: UInt64)]
    private let lastIndexes: [UInt64]
    private var liveBytes: [Int64]
    private let topics: [UInt32]
    private var topic = 0
    private var partition = 0
    /// What all nodes agree on; nil if nobody knows.
    private let time: Int64?
    private(set) var cleanings: [Broker.CleaningPlan] = []
    /// Partitions of too many runs.
    private(set) var scattered: [PartitionKey] = []

    init(_ replica: Replica) {
        segments = replica.log.sealedSegments(through: replica.appliedIndex)
        lastIndexes = segments.map(\.last)
        liveBytes = Array(repeating: 0, count: segments.count)
        topics = replica.broker.topicNumbers
        time = replica.agreedMilliseconds
    }

    /// True when all partitions have been looked at.
    mutating func step(_ replica: Replica) -> Bool {
        var left = Self.partitionsPerTick
        while topic < topics.count, left > 0 {
            let count = replica.broker.partitionCount(ofTopic: topics[topic]) ?? 0
            let end = min(partition + left, count)
            if partition < end { look(replica.broker, partition..<end) }
            left -= max(end - partition, 1)
            (topic, partition) = end < count ? (topic, end) : (topic + 1, 0)
        }
        return topic == topics.count
    }

    private mutating func look(_ broker: Broker, _ partitions: Range<Int>) {
        let number = topics[topic]
        broker.addLiveBytes(ofTopic: number, partitions, by: lastIndexes, to: &liveBytes)
        if let time { cleanings += broker.cleanings(ofTopic: number, partitions, at: time) }
        scattered += broker.scattered(ofTopic: number, partitions)
    }

    /// The last of the oldest segments, as many of them as have little that is live altogether, at most `maximum`; nil
    /// if there is nothing to be gained.
    func sparseEnd(_ replica: Replica, segments maximum: Int) -> UInt64? {
        var live: Int64 = 0
        var total: UInt64 = 0
        var end: UInt64?
        for (segment, bytes) in zip(segments.prefix(maximum), liveBytes) {
            live = live.saturatingAdding(bytes)
            total += segment.bytes
            if live > 0, UInt64(live) <= total / 100 * UInt64(replica.settings.rewriteLivePercent) {
                end = segment.last
            }
        }
        return end
    }
}
