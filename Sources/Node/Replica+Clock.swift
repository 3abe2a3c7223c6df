import Planted
import Ports
import Raft

/// What other nodes' clocks say.
struct ClockReadings {
    private struct Reading {
        let wallMilliseconds: Int64
        /// Monotonic nanoseconds, here.
        let readAt: UInt64
    }

    /// A node that was not heard of for so long says nothing of the time any more.
    private static let staleNanoseconds: UInt64 = 10_000_000_000

    private var readings: [NodeID: Reading] = [:]

    mutating func note(_ wallMilliseconds: Int64, of node: NodeID, now: UInt64) {
        readings[node] = Reading(wallMilliseconds: wallMilliseconds, readAt: now)
    }

    func milliseconds(of node: NodeID, now: UInt64) -> Int64? {
        guard let reading = readings[node], now - reading.readAt <= Self.staleNanoseconds else { return nil }
        return reading.wallMilliseconds + Int64((now - reading.readAt) / 1_000_000)
    }
}

/// Records and offsets go when their time is over, and are gone for good: no single clock decides that it is.
extension Replica {
    /// A follower tells its leader the time.
    func tickClock() {
        guard isDue(every: settings.clockMilliseconds), let leader, leader != node else { return }
        send(.clock(milliseconds: clock.wallMilliseconds), to: leader)
    }

    func clockTold(_ milliseconds: Int64, by peer: NodeID) {
        guard !acquaintances.strangers.contains(peer.rawValue) else { return }
        clocks.note(milliseconds, of: peer, now: clock.monotonicNanoseconds)
    }

    /// The time, milliseconds since 1970, that a majority of the voters have reached by their own clocks. Only a leader
    /// knows; nil while it has heard of too few.
    package var agreedMilliseconds: Int64? {
        #if DEBUG
        if Planted.has(.trustsOwnClock) { return clock.wallMilliseconds }
        #endif
        return knownTimes.map { times, needed in times[times.count - needed] }
    }

    /// The time, milliseconds since 1970, that all but a minority of the voters have not passed by more than they are
    /// wrong: as long as no majority's clocks are behind, it is not later. Only a leader knows, as above.
    package var latestMilliseconds: Int64? {
        knownTimes.map { times, needed in times[raft.membership.voters.count - needed] }
    }

    /// The voters' times, ascending, and how many are a majority; nil while fewer are known.
    private var knownTimes: (times: [Int64], needed: Int)? {
        let now = clock.monotonicNanoseconds
        let voters = raft.membership.voters
        let times = voters.compactMap { voter in
            voter == node.rawValue ? clock.wallMilliseconds : clocks.milliseconds(of: NodeID(voter), now: now)
        }
        let needed = Quorum.size(voters: voters.count)
        return times.count >= needed ? (times.sorted(), needed) : nil
    }
}
