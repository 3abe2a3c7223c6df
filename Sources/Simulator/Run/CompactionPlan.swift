import Node
import Records

/// What a run has of a compacted topic, if its seed gives it one. Drawn from a random stream of its own, as groups are.
package struct CompactionPlan: Sendable {
    package let seed: UInt64
    package var partitions: Int
    /// Keys of the topic; the higher ones are seldom written.
    package var keys: Int
    package var writers: Int
    /// How many of a thousand records are delete markers.
    package var tombstonesPerMille: Int
    /// How many of a thousand writers write transactions.
    package var transactionalPerMille: Int
    package var codec: CompressionCodec
    /// Mean microseconds between two batches of a writer, and between two looks at the topic.
    package var writeInterval: UInt64
    package var readInterval: UInt64
    /// Now and then the beginning of a partition is deleted (KIP-107): `cleanup.policy` is both.
    package var deletesRecords: Bool
    package var dirtyRatio: String
    package var minimumLagMilliseconds: Int
    /// `delete.retention.ms`: none, short, or longer than any clock may jump.
    package var deleteRetentionMilliseconds: Int
    /// Bytes of keys that one cleaning may note: less than all, sometimes.
    package var cleaningKeyBytes: Int

    private static let longRetention = 8_640_000_000

    /// Nil for a run without one.
    package init?(seed: UInt64) {
        var random = SimulationRandom(seed: seed ^ 0x636f_6d70_6163_74)
        guard random.chance(perMille: 350) else { return nil }
        self.seed = random.next()
        partitions = 1 + random.below(2)
        keys = 2 + random.below(15)
        writers = 1 + random.below(2)
        tombstonesPerMille = random.pick([0, 150, 400])
        transactionalPerMille = random.pick([0, 300, 700])
        codec = random.pick([.none, .none, .gzip, .snappy, .lz4, .zstd])
        writeInterval = random.between(20_000...150_000)
        readInterval = random.between(100_000...800_000)
        deletesRecords = random.chance(perMille: 300)
        dirtyRatio = random.pick(["0", "0.2", "0.5"])
        minimumLagMilliseconds = random.pick([0, 0, 400])
        deleteRetentionMilliseconds = random.pick([0, 1_000, Self.longRetention])
        cleaningKeyBytes = random.pick([64 << 20, 4_100 + random.below(300)])
    }

    /// Delete markers that were not replaced are still there.
    package var keepsTombstones: Bool { deleteRetentionMilliseconds == Self.longRetention }

    var topicSettings: [(name: String, value: String)] {
        [
            ("cleanup.policy", deletesRecords ? "compact,delete" : "compact"), ("retention.ms", "-1"),
            ("min.cleanable.dirty.ratio", dirtyRatio), ("min.compaction.lag.ms", "\(minimumLagMilliseconds)"),
            ("delete.retention.ms", "\(deleteRetentionMilliseconds)"),
        ]
    }

    func configure(_ settings: inout NodeSettings) { settings.cleaningKeyBytes = cleaningKeyBytes }
}
