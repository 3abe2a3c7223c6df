import Ports
import Raft

extension Replica {
    /// Longest time for which a transfer that this node began keeps its clients waiting.
    private static let handOverMilliseconds = 200

    /// Asks `target` to take over leadership (thesis §3.10).
    @discardableResult package func transferLeadership(to target: NodeID) -> TransferResult {
        sealTurn()
        let result = raft.transferLeadership(to: target.rawValue)
        if result == .started { handOverTicks = 0 }
        drain()
        return result
    }

    /// Leadership is on its way from here to another node, which is not known to have it yet. A client that is told
    /// "not the leader" now would look for the new one too early, and then wait.
    package var isHandingOver: Bool { handOverTicks != nil }

    func handOverProgressed() {
        let isOver = isLeader ? raft.transferTarget == nil : raft.leader != nil
        if isOver { handOverTicks = nil }
    }

    func tickHandOver() {
        guard let ticks = handOverTicks else { return }
        handOverTicks = (ticks + 1) * settings.tickMilliseconds < Self.handOverMilliseconds ? ticks + 1 : nil
        handOverProgressed()
    }
}
