import Broker
import Bytes
import LogStore
import Raft

extension Replica {
    /// Proposes batches in place of others, in an entry of its own. False if this node does not lead, or not for long.
    func propose(
        _ replacement: Replacement, _ batches: [ByteSlice], waiter: any ProposalWaiter, ticket: UInt64
    ) -> Bool {
        sealTurn()
        guard admission != nil, case .accepted(let position, _) = raft.propose(count: 1) else { return false }
        waiters.add(.init(index: position.index, ticket: ticket, target: waiter))
        appendOwn(kind: .command, payload: [Command.replaceBatches(replacement).encode()] + batches, at: position)
        metrics.rewrittenBytes += UInt64(batches.reduce(0) { $0 + $1.count })
        drain()
        return true
    }

    /// Runs `work`, which computes only, on the reader thread.
    func compute<Value: Sendable>(_ work: @escaping @Sendable () -> Value, _ answer: @escaping (Value) -> Void) {
        let result = JobResult<Value>()
        let task = DiskTask.compute(then: {
            guard let value = result.value else { preconditionFailure("a computation ended without a result") }
            answer(value)
        })
        start(task) { disk.lookUp({ _ in result.value = work() }, token: $0) }
    }
}
