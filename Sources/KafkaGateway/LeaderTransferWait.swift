import KafkaWire
import Ports

/// Someone who asked for a transfer of leadership and is to be told how it ended.
struct LeaderTransferWait {
    let call: LeaderCall
    let target: NodeID
    /// nil once `target` leads.
    let completion: (Refusal?) -> Void

    /// What to tell now; nil while it is under way.
    func outcome(_ gateway: KafkaGateway) -> Outcome? {
        if gateway.replica.leader == target { return .elected }
        if gateway.node.clock.monotonicNanoseconds >= call.deadline {
            return .refused(Refusal(.requestTimedOut, "node \(target) does not lead yet; it may still take over"))
        }
        let isOver = gateway.replica.isLeader
            ? gateway.replica.raft.transferTarget == nil : gateway.replica.leader != nil
        return isOver ? .refused(Refusal(.preferredLeaderNotAvailable, "node \(target) did not take over")) : nil
    }

    enum Outcome {
        case elected
        case refused(Refusal)
    }
}
