import Broker

/// The items of an administrative request: each is refused at once or becomes one command.
struct AdminPlans<Plan> {
    private let plans: [Result<Plan, Refusal>]

    /// Items beyond `limit` are refused.
    init<Item>(_ items: [Item], limit: Int, _ plan: (Item) -> Result<Plan, Refusal>) {
        plans = items.enumerated().map { $0 < limit ? plan($1) : .failure(.tooManyItems) }
    }

    /// Of the items not refused, in order.
    func commands(_ command: (Plan) -> Command) -> [Command] {
        plans.compactMap {
            guard case .success(let plan) = $0 else { return nil }
            return command(plan)
        }
    }

    /// What became of every item, given what became of the commands.
    func settled(by outcomes: [CommandBatch.Outcome]) -> [Result<Plan, Refusal>] {
        var outcomes = outcomes.makeIterator()
        return plans.map { plan in
            guard case .success = plan else { return plan }
            guard let outcome = outcomes.next() else { preconditionFailure("a command without an outcome") }
            return Refusal(outcome).map { .failure($0) } ?? plan
        }
    }
}
