/// Where each leader epoch of a partition begins (KIP-101, KIP-320). The epoch is the Raft term.
package struct LeaderEpochs: Hashable, Sendable {
    package struct Start: Hashable, Sendable {
        package var epoch: Int32
        package var offset: Int64
    }

    /// Ascending in both.
    package private(set) var starts: [Start] = []

    /// A term as a Kafka leader epoch.
    package static func epoch(of term: UInt64) -> Int32 { Int32(clamping: term) }

    package var latest: Int32? { starts.last?.epoch }

    mutating func note(_ epoch: Int32, from offset: Int64) {
        if let latest, latest >= epoch {
            precondition(latest == epoch, "LeaderEpochs: epoch \(epoch) after \(latest)")
            return
        }
        starts.append(Start(epoch: epoch, offset: offset))
    }

    /// Forgets epochs that end at or before `offset`, the new log start.
    mutating func trim(before offset: Int64) {
        let keep = starts.lowerBound { $0.offset <= offset } - 1
        if keep < 0 { return }
        starts.removeFirst(keep)
        starts[0].offset = offset
    }

    /// OffsetForLeaderEpoch, as Kafka answers it: the largest epoch not above `requested` and the offset where it
    /// ends. `current` is the leader's epoch now, which has begun at `end` if nothing was written in it. nil when
    /// `requested` is above all epochs or negative.
    func end(of requested: Int32, current: Int32, end: Int64) -> EpochEnd? {
        let newest = max(current, latest ?? current)
        if requested < 0 || requested > newest { return nil }
        if requested == newest { return EpochEnd(epoch: requested, offset: end) }
        let following = starts.lowerBound { $0.epoch <= requested }
        return EpochEnd(
            epoch: following == 0 ? requested : starts[following - 1].epoch,
            offset: following == starts.count ? end : starts[following].offset)
    }
}
