import Broker
import Node

/// The commands of one request, proposed together and answered together.
final class CommandBatch: ProposalWaiter {
    enum Outcome {
        case applied(ApplyResult)
        /// This node does not lead any more; the command may have been carried out if it was proposed before.
        case notLeading
        /// Not answered in time; it may still be carried out.
        case timedOut
    }

    /// Monotonic nanoseconds.
    let deadline: UInt64
    private var outcomes: [Outcome?]
    private var missing: Int
    private var completion: (([Outcome]) -> Void)?

    /// `completion` gets the outcomes in the order of the commands, once.
    init(count: Int, deadline: UInt64, completion: @escaping ([Outcome]) -> Void) {
        self.deadline = deadline
        self.completion = completion
        outcomes = Array(repeating: nil, count: count)
        missing = count
    }

    var isComplete: Bool { completion == nil }

    /// To be called once.
    func propose(_ commands: [Command], to replica: Replica) {
        if commands.isEmpty { return finish() }
        for (ticket, command) in commands.enumerated() {
            note(ticket, replica.propose(command, waiter: self, ticket: UInt64(ticket)))
        }
    }

    /// To be called once, instead, for one.
    func propose(_ end: TransactionEnd, to replica: Replica) {
        note(0, replica.endTransaction(end, waiter: self, ticket: 0))
    }

    private func note(_ ticket: Int, _ outcome: ProposeOutcome) {
        switch outcome {
        case .accepted: break
        case .notLeading: settle(ticket, .notLeading)
        case .tooLarge(let size, let limit):
            settle(ticket, .applied(.refused(.messageTooLarge(size: size, limit: limit))))
        }
    }

    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome) {
        switch outcome {
        case .applied(let result): settle(Int(ticket), .applied(result))
        case .unknown: settle(Int(ticket), .notLeading)
        }
    }

    /// Gives up on what is not answered yet.
    func expire() {
        guard !isComplete else { return }
        for position in outcomes.indices where outcomes[position] == nil { outcomes[position] = .timedOut }
        finish()
    }

    private func settle(_ position: Int, _ outcome: Outcome) {
        guard !isComplete, outcomes[position] == nil else { return }
        outcomes[position] = outcome
        missing -= 1
        if missing == 0 { finish() }
    }

    private func finish() {
        let completion = completion
        self.completion = nil
        completion?(outcomes.compactMap { $0 })
    }
}
