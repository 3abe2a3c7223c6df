import KafkaGateway

/// What a run has of consumer groups, if its seed gives it any. Drawn from a random stream of its own, so that runs
/// without groups are what they were before there were any.
package struct GroupPlan: Sendable {
    package let seed: UInt64
    package var groups: Int
    /// Of each group's topic.
    package var partitions: Int
    /// Processes that a group has at most, at a time.
    package var places: Int
    /// How many of a thousand places are static members' (KIP-345).
    package var staticPerMille: Int
    /// The first members speak the classic protocol; else that of KIP-848.
    package var beginsClassic: Bool
    package var sessionMilliseconds: Int
    package var rebalanceMilliseconds: Int
    package var initialDelayMilliseconds: Int
    /// Microseconds between two heartbeats.
    package var heartbeatInterval: UInt64
    /// Mean microseconds between two things that happen to a group's members.
    package var changeInterval: UInt64
    /// Mean microseconds between two batches for a group's topic.
    package var writeInterval: UInt64
    /// Mean microseconds that a member takes for what one fetch gave it.
    package var processingTime: UInt64
    /// How many of a thousand processes commit by transactions (KIP-447).
    package var transactionalPerMille: Int
    /// How many of a thousand processes of the consumer protocol subscribe by a pattern.
    package var patternPerMille: Int
    /// How many of a thousand times that a member is to give partitions up it takes its time (KIP-848).
    package var slowRevocationPerMille: Int
    /// How many of a thousand transactions stay open for a while when they have their offsets.
    package var lingeringPerMille: Int
    /// There are processes that keep offsets without being members.
    package var hasKeepers: Bool
    /// When the protocol changes, members of the one before stay.
    package var mixesProtocols: Bool

    /// Nil for a run without groups.
    package init?(seed: UInt64) {
        var random = SimulationRandom(seed: seed ^ 0x6772_6f75_7073)
        guard random.chance(perMille: 350) else { return nil }
        self.seed = random.next()
        groups = random.chance(perMille: 700) ? 1 : 2
        partitions = 1 + random.below(6)
        places = 2 + random.below(3)
        staticPerMille = random.pick([0, 300, 700])
        beginsClassic = random.chance(perMille: 500)
        sessionMilliseconds = 600 + random.below(1400)
        rebalanceMilliseconds = 400 + random.below(2000)
        initialDelayMilliseconds = random.pick([0, 0, 100, 300])
        // A member that hears of a rebalance when it is over is out, and the next one is for its sake.
        heartbeatInterval = min(
            UInt64(sessionMilliseconds) * 1000 / random.between(3...8), UInt64(rebalanceMilliseconds) * 1000 / 3)
        changeInterval = random.between(150_000...1_500_000)
        writeInterval = random.between(30_000...250_000)
        processingTime = random.between(10_000...150_000)
        transactionalPerMille = random.pick([0, 0, 400])
        patternPerMille = random.pick([0, 0, 300])
        // Last, so that a seed without these is what it was before there were any.
        slowRevocationPerMille = random.pick([0, 700])
        lingeringPerMille = random.pick([0, 300])
        hasKeepers = random.chance(perMille: 700)
        mixesProtocols = random.chance(perMille: 500)
    }

    /// A classic coordinator takes the members' word for their sessions, within bounds. Offsets are kept for longer
    /// than a run, and for less than one clock may jump.
    func configure(_ settings: inout GroupSettings) {
        settings.minimumSessionMilliseconds = 100
        settings.consumerSessionMilliseconds = sessionMilliseconds
        settings.consumerHeartbeatMilliseconds = Int(heartbeatInterval / 1000)
        settings.initialRebalanceDelayMilliseconds = initialDelayMilliseconds
        settings.offsetRetentionMilliseconds = 600_000
        settings.retentionCheckMilliseconds = 500
    }
}
