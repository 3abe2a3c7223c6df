import Broker
import Bytes
import KafkaWire

extension KafkaSession {
    /// Longest timeout taken over from a request.
    private static let maximumTimeoutMilliseconds = 120_000

    /// Reserves the response's place and sees to it that the leader carries the request out.
    func lead(
        _ header: KafkaRequestHeader, frame: ByteSlice, timeoutMs: Int32?, execute: @escaping (LeaderCall) -> Void,
        refusal: @escaping (LeaderCall) -> Void
    ) {
        let settings = gateway.settings
        let asked = timeoutMs.map { min(max(Int($0), 1), Self.maximumTimeoutMilliseconds) }
        let timeout = asked ?? settings.commandTimeoutMilliseconds
        let now = gateway.node.clock.monotonicNanoseconds
        gateway.dispatch(LeaderCall(
            session: self, header: header, frame: frame, ticket: reserve(holding: frame.count),
            deadline: now + UInt64(timeout) * 1_000_000,
            patience: now + UInt64(min(settings.leaderPatienceMilliseconds, timeout)) * 1_000_000, execute: execute,
            refusal: refusal))
    }

    /// Proposes the commands of a call that has reached the leader.
    func propose(
        _ commands: [Command], for call: LeaderCall, completion: @escaping ([CommandBatch.Outcome]) -> Void
    ) {
        let batch = CommandBatch(count: commands.count, deadline: call.deadline, completion: completion)
        batch.propose(commands, to: replica)
        if !batch.isComplete { gateway.add(batch) }
    }
}
