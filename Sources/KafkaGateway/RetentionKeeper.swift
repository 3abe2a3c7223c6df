import Broker
import Node

/// Lets go of what topics do not keep any longer (`retention.ms`, `retention.bytes`): every so often the leader looks
/// at all partitions, a bounded number in a tick, and moves log starts by commands. What time it is a majority of the
/// nodes must agree on.
final class RetentionKeeper {
    private static let partitionsPerTick = 2_000

    private unowned let gateway: KafkaGateway
    /// Monotonic nanoseconds.
    private var nextRound: UInt64 = 0
    /// Topics still to be looked at in this round.
    private var remaining: ArraySlice<UInt32> = []
    /// Of this round.
    private var time: Int64?

    init(gateway: KafkaGateway) { self.gateway = gateway }

    func tick(now: UInt64) {
        guard gateway.replica.admission != nil else {
            remaining = []
            return
        }
        if remaining.isEmpty {
            guard now >= nextRound else { return }
            nextRound = now + UInt64(gateway.settings.retentionCheckMilliseconds) * 1_000_000
            remaining = gateway.broker.topicNumbers[...]
            time = gateway.replica.agreedMilliseconds
        }
        var commands: [Command] = []
        var looked = 0
        while looked < Self.partitionsPerTick, let number = remaining.popFirst() {
            looked += max(gateway.broker.topic(number: number)?.partitions.count ?? 0, 1)
            commands += gateway.broker.retention(ofTopic: number, at: time)
        }
        // What fails, the next round finds again.
        if !commands.isEmpty { gateway.propose(commands) { _ in } }
    }
}
