import LogStore
import Raft

/// Numbers of one node. Bytes unless the name says otherwise.
package struct NodeSettings: Sendable {
    package var raft = RaftSettings()
    package var log = LogStoreSettings()
    /// Length of a Raft tick.
    package var tickMilliseconds = 10
    /// An open produce entry is sealed before the turn ends once it holds this much.
    package var maximumEntryBytes = 1 << 20
    /// A command or a partition's batches larger than this are refused. An entry must fit into one frame between nodes.
    package var maximumProposalBytes = 32 << 20
    /// Entries already applied are kept in memory up to this much, for consumers at the tail and for followers.
    package var cacheBytes = 64 << 20
    /// Accepted but uncommitted bytes above which the gateways stop reading from producers.
    package var maximumUncommittedBytes = 64 << 20
    /// Log bytes applied since the last snapshot that make the next one due.
    package var snapshotIntervalBytes = 256 << 20
    /// Log entries applied since the last snapshot that make the next one due.
    package var snapshotIntervalEntries = 200_000
    /// A follower this many entries behind, or fewer, keeps segments from being deleted; one further behind gets a
    /// snapshot instead.
    package var followerReachEntries: UInt64 = 1_000_000
    /// Bytes of one read when entries no longer in memory are sent to a follower or applied.
    package var coldReadBytes = 4 << 20
    /// Rows of sealed segments' indexes that were read for consumers are kept in memory up to this much.
    package var rowCacheBytes = 16 << 20
    /// Entries are checked in the background, so many bytes every so often.
    package var scrubBytes = 4 << 20
    package var scrubMilliseconds = 1_000
    /// How often replicas compare the chain checksums of their logs.
    package var chainMilliseconds = 5_000
    /// How often a follower tells the leader what time it is.
    package var clockMilliseconds = 1_000
    /// How often the disk is asked for its free space; 0 for never.
    package var spaceMilliseconds = 250
    /// With less than this free on the disk no records are taken in any more; 0 to let it become full.
    package var minimumFreeBytes: UInt64 = 0
    /// Damaged entries that lie together and take more than this are not repaired.
    package var maximumRepairBytes = 32 << 20
    /// How often the leader looks for old segments with little that is live, and for topics to be compacted.
    package var rewriteCheckMilliseconds = 15_000
    /// Old segments are rewritten when at most so much of them altogether is live.
    package var rewriteLivePercent = 25
    /// What is rewritten goes into the log in entries of about this size.
    package var rewriteStepBytes = 1 << 20
    package var rewriteBytesPerSecond = 16 << 20
    /// Keys of a compacted partition that are remembered at a time; with more it is cleaned in several goes.
    package var cleaningKeyBytes = 64 << 20
    /// Bytes of a snapshot that a follower asks for, and a leader sends, at a time.
    package var snapshotPieceBytes = 1 << 20

    package init() {}
}
