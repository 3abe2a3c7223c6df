import Broker
import Node

/// Compares the leader's clock, which stamps what is stored, with the others' (`Broker.confirmTime`).
final class TimeKeeper {
    /// So far behind is not behind, milliseconds: readings come once a second.
    private static let tolerance: Int64 = 10_000

    private unowned let gateway: KafkaGateway
    /// The log's clock when this leader's own was last found right; nil if it never was.
    private var rightAt: Int64?
    /// What was found last is on its way to the log.
    private var isProposing = false

    init(gateway: KafkaGateway) { self.gateway = gateway }

    /// To be called before anything is looked for that has expired.
    func tick() {
        guard gateway.replica.admission != nil else {
            rightAt = nil
            return
        }
        guard let latest = gateway.replica.latestMilliseconds else { return }
        let isDoubted = gateway.broker.doubtedSince != nil
        if gateway.node.clock.wallMilliseconds >= latest - Self.tolerance {
            rightAt = gateway.broker.clock
            if isDoubted { propose(.confirmTime(latest)) }
        } else if !isDoubted {
            propose(.doubtTime(since: rightAt ?? 0))
        }
    }

    /// What fails is found again.
    private func propose(_ command: Command) {
        if isProposing { return }
        isProposing = true
        gateway.propose([command]) { [weak self] _ in self?.isProposing = false }
    }
}
