/// Known defects of replicated brokers that a test build can bring back, one at a time, to show that the simulator's
/// checks find them. Each is a few lines under `#if DEBUG` where the defect would be; a release build has none of them.
package enum PlantedBug: String, CaseIterable, Sendable {
    // Consensus.
    case commitsOldTerms = "commits-old-terms"
    case noPreVote = "no-pre-vote"
    case noCheckQuorum = "no-check-quorum"
    case acknowledgesBeforeFlush = "acknowledges-before-flush"
    case leaderCountsUnflushed = "leader-counts-unflushed"
    case votesTwice = "votes-twice"
    case votesForStaleLogs = "votes-for-stale-logs"
    case speaksBeforeSaving = "speaks-before-saving"
    case keepsVerifiedAcrossTerms = "keeps-verified-across-terms"
    case heartbeatCommitsUnmatched = "heartbeat-commits-unmatched"
    case readsWithoutQuorum = "reads-without-quorum"
    case matchesByIndexOnly = "matches-by-index-only"
    case admitsBeforeNoop = "admits-before-no-op"
    // Entries that are committed before they are flushed.
    case relaxesAll = "relaxes-all"
    case countsLostWrites = "counts-lost-writes"
    case votesWhileRejoining = "votes-while-rejoining"
    case rejoinsTooEarly = "rejoins-too-early"
    case losesUnmarked = "loses-unmarked"
    // The members.
    case learnersCount = "learners-count"
    case changesWhilePending = "changes-while-pending"
    case recordsRemovedDirectory = "records-removed-directory"
    // The disk.
    case entriesNotSynced = "entries-not-synced"
    case stateNotSynced = "state-not-synced"
    case directoryNotSynced = "directory-not-synced"
    case truncationNotRecorded = "truncation-not-recorded"
    case cutsDamagedEntries = "cuts-damaged-entries"
    case tailNotRewritten = "tail-not-rewritten"
    case diskFailureIgnored = "disk-failure-ignored"
    case deletesLiveSegments = "deletes-live-segments"
    case servesUnverified = "serves-unverified"
    // The broker and its door.
    case acknowledgesOnArrival = "acknowledges-on-arrival"
    case answersLeaderAlone = "answers-leader-alone"
    case unknownIsSuccess = "unknown-is-success"
    case newLeaderForgetsProducers = "new-leader-forgets-producers"
    case snapshotForgetsProducers = "snapshot-forgets-producers"
    case losesDeletes = "loses-deletes"
    case deposedLeaderJudgesOffsets = "deposed-leader-judges-offsets"
    case trustsOwnClock = "trusts-own-clock"
    // Transactions.
    case transactionsNotFenced = "transactions-not-fenced"
    case takesLateTransactional = "takes-late-transactional"
    case admitsBehindMarkers = "admits-behind-markers"
    case snapshotForgetsAborted = "snapshot-forgets-aborted"
    // Consumer groups.
    case takesStaleGenerations = "takes-stale-generations"
    case takesFencedCommits = "takes-fenced-commits"
    case takesStaleEpochs = "takes-stale-epochs"
    case assignsBeforeStored = "assigns-before-stored"
    case givesToTwo = "gives-to-two"
    case givesBeforeRevoked = "gives-before-revoked"
    case upgradeForgetsHeld = "upgrade-forgets-held"
    case newCoordinatorForgetsMembers = "new-coordinator-forgets-members"
    case acknowledgesOffsetsEarly = "acknowledges-offsets-early"
    case deposedCoordinatorTellsOffsets = "deposed-coordinator-tells-offsets"
    case transactionsIgnoreMembers = "transactions-ignore-members"
    case tellsUnstableOffsets = "tells-unstable-offsets"
    // Compaction, and batches that take the place of others.
    case keepsEarlierOfKey = "keeps-earlier-of-key"
    case abortedReplaceCommitted = "aborted-replace-committed"
    case cleansOpenTransactions = "cleans-open-transactions"
    case forgetsDeleteMarkers = "forgets-delete-markers"
    case indexForgetsReplaced = "index-forgets-replaced"
    case cleanedComesBack = "cleaned-comes-back"
}

/// The defect of this process.
package enum Planted {
    #if DEBUG
    /// Set once, before any node is made.
    package nonisolated(unsafe) static var bug: PlantedBug?

    package static func has(_ bug: PlantedBug) -> Bool { self.bug == bug }
    #endif
}
