import Ports
import Raft

extension Replica {
    /// Asks `target` to take over leadership (thesis §3.10).
    @discardableResult package func transferLeadership(to target: NodeID) -> TransferResult {
        sealTurn()
        let result = raft.transferLeadership(to: target.rawValue)
        drain()
        return result
    }
}
