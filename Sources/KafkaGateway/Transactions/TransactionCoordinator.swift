import Broker
import KafkaWire
import Node

/// What the leader does for transactions beside writing commands: it refuses what cannot be, and ends what takes too
/// long. Nothing of it survives a change of leadership but the log.
final class TransactionCoordinator {
    /// An open transaction, and when it is over; monotonic nanoseconds.
    private struct Watch {
        let startIndex: UInt64
        var deadline: UInt64
    }

    private unowned let gateway: KafkaGateway
    /// By transactional id; those open when this node looked last.
    private var watches: [String: Watch] = [:]
    private var nextExpirationCheck: UInt64 = 0

    init(gateway: KafkaGateway) { self.gateway = gateway }

    private var settings: TransactionSettings { gateway.settings.transactions }

    /// The end of this producer's transaction is under way.
    func isEnding(_ producer: Int64) -> Bool { gateway.replica.admission?.isEnding(producer) ?? false }

    /// Gives a transactional id to a producer. What the one before it left open is aborted, in the same entry.
    func initialize(
        _ name: String, timeoutMilliseconds: Int32, expected: ProducerIdentity?,
        completion: @escaping (CommandBatch.Outcome) -> Void
    ) {
        let open = gateway.broker.transaction(named: name)
        guard let open, open.isOngoing, open.refusalToRenew(expected) == nil else {
            let command = Command.initializeTransaction(
                name: name, timeoutMilliseconds: timeoutMilliseconds, expected: expected)
            return gateway.propose([command]) { completion($0[0]) }
        }
        let next = TransactionEnd.Next.initialize(timeoutMilliseconds: timeoutMilliseconds, expected: expected)
        end(open, commits: false, next: next, completion: completion)
    }

    /// Commits or aborts the open transaction of `producer`. One that has ended that way already is a success: the
    /// answer was not heard.
    func end(
        _ name: String, _ producer: ProducerIdentity, commits: Bool,
        completion: @escaping (CommandBatch.Outcome) -> Void
    ) {
        if let open = gateway.broker.transaction(named: name), open.isOngoing, open.refusal(of: producer) == nil {
            return end(open, commits: commits, next: .keep, completion: completion)
        }
        // A leader that was deposed and does not know it yet may not know of the transaction's beginning.
        gateway.replica.readBarrier { [unowned self] isCurrent in
            guard isCurrent, gateway.replica.admission != nil else { return completion(.notLeading) }
            guard let found = gateway.broker.transaction(named: name) else {
                return completion(.applied(.refused(.unknownTransaction)))
            }
            if let refusal = found.refusal(of: producer) { return completion(.applied(.refused(refusal))) }
            if found.isOngoing { return end(found, commits: commits, next: .keep, completion: completion) }
            let isDone = found.phase == (commits ? .committed : .aborted)
            completion(
                .applied(isDone ? .transactionEnded(producer: producer) : .refused(.invalidTransactionState)))
        }
    }

    private func end(
        _ open: Transaction, commits: Bool, next: TransactionEnd.Next,
        completion: @escaping (CommandBatch.Outcome) -> Void
    ) {
        if isEnding(open.producer.id) { return completion(.applied(.refused(.concurrentTransactions))) }
        let end = TransactionEnd(name: open.name, producer: open.producer, commits: commits, next: next)
        gateway.propose(end) { [unowned gateway] outcome in
            if case .applied(.transactionEnded) = outcome { gateway.metrics.count(end) }
            completion(outcome)
        }
    }

    // MARK: Time

    /// Aborts transactions that have been open for longer than their producer asked for, since this node saw them open
    /// as the leader, and fences their producers.
    func tick() {
        guard gateway.replica.admission != nil else { return watches = [:] }
        let now = gateway.node.clock.monotonicNanoseconds
        var watched: [String: Watch] = [:]
        for name in gateway.broker.ongoingTransactions {
            guard let open = gateway.broker.transaction(named: name) else { continue }
            let timeout = UInt64(max(open.timeoutMilliseconds, 0)) * 1_000_000
            let known = watches[name].flatMap { $0.startIndex == open.startIndex ? $0 : nil }
            var watch = known ?? Watch(startIndex: open.startIndex, deadline: now + timeout)
            if watch.deadline <= now {
                // If it fails, it is tried again.
                watch.deadline = now + UInt64(gateway.settings.commandTimeoutMilliseconds) * 1_000_000
                end(open, commits: false, next: .fence) { _ in }
            }
            watched[name] = watch
        }
        watches = watched
        expire(now: now)
    }

    private func expire(now: UInt64) {
        guard now >= nextExpirationCheck else { return }
        nextExpirationCheck = now + UInt64(settings.expirationCheckMilliseconds) * 1_000_000
        guard let time = gateway.replica.agreedMilliseconds else { return }
        let oldest = time - settings.expirationMilliseconds
        guard gateway.broker.hasExpiredTransactions(before: oldest) else { return }
        gateway.propose([.expireTransactions(before: oldest)]) { _ in }
    }
}

extension KafkaGateway {
    /// Proposes the end of a transaction; see `Replica.endTransaction`.
    fileprivate func propose(_ end: TransactionEnd, completion: @escaping (CommandBatch.Outcome) -> Void) {
        let deadline = node.clock.monotonicNanoseconds + UInt64(settings.commandTimeoutMilliseconds) * 1_000_000
        let batch = CommandBatch(count: 1, deadline: deadline) { completion($0[0]) }
        batch.propose(end, to: replica)
        if !batch.isComplete { add(batch) }
    }
}
