/// What transactional producers did and were told, and what readers of committed records may see of it.
package final class TransactionHistory {
    /// A record: the number of its transaction in the upper part, its number within that in the lowest byte.
    package struct Value: Hashable, CustomStringConvertible {
        let transaction: Int
        let number: Int

        init(transaction: Int, number: Int) {
            self.transaction = transaction
            self.number = number
        }

        init(_ word: UInt64) {
            transaction = Int(word >> 8)
            number = Int(word & 0xff)
        }

        var word: UInt64 { UInt64(transaction) << 8 | UInt64(number) }
        package var description: String { "transaction \(transaction) record \(number)" }
    }

    /// A producer's identity as it was given out.
    package struct Identity: Equatable {
        package let id: Int64
        package let epoch: Int16

        package init(id: Int64, epoch: Int16) {
            self.id = id
            self.epoch = epoch
        }
    }

    private struct Sent {
        let author: Int
        let identity: Identity
        /// By number: which partition it was sent to.
        var places: [Int] = []
        /// When it was first asked to be committed.
        var askedAt: UInt64?
        var isCommitted = false
        var isAborted = false
    }

    /// By author: identities given out, and when the answer came.
    private var identities: [[(identity: Identity, at: UInt64)]] = []
    private var transactions: [Sent] = []
    package private(set) var committedCount = 0

    package init() {}

    package func addAuthor() -> Int {
        identities.append([])
        return identities.count - 1
    }

    // MARK: What happened

    /// `author` was told that it is `identity` now. Answers what is wrong with that, if anything.
    package func initialized(_ author: Int, as identity: Identity, at time: UInt64) -> String? {
        if identities[author].contains(where: { $0.identity == identity }) {
            return "fencing: author \(author) was given \(identity) twice"
        }
        identities[author].append((identity, time))
        return nil
    }

    package func begin(_ author: Int, _ identity: Identity) -> Int {
        transactions.append(Sent(author: author, identity: identity))
        return transactions.count - 1
    }

    package func add(to transaction: Int, in partition: Int) -> Value {
        transactions[transaction].places.append(partition)
        return Value(transaction: transaction, number: transactions[transaction].places.count - 1)
    }

    /// It may be committed from now on.
    package func asked(_ transaction: Int, at time: UInt64) {
        if transactions[transaction].askedAt == nil { transactions[transaction].askedAt = time }
    }

    /// The broker has said how it ended. Answers what is wrong with that, if anything.
    package func ended(_ transaction: Int, commits: Bool) -> String? {
        if !commits {
            transactions[transaction].isAborted = true
            return nil
        }
        let sent = transactions[transaction]
        transactions[transaction].isCommitted = true
        committedCount += 1
        let isFenced = identities[sent.author].contains { later in
            later.identity.id == sent.identity.id && later.identity.epoch > sent.identity.epoch
                && later.at < sent.askedAt ?? 0
        }
        return isFenced
            ? "fencing: transaction \(transaction) of \(sent.identity) was committed after a newer epoch was given out"
            : nil
    }

    /// A reader of committed records was given `value`. Answers what is wrong with that, if anything.
    package func read(_ value: Value, in partition: Int) -> String? {
        guard value.transaction < transactions.count, value.number < transactions[value.transaction].places.count else {
            return "phantom: \(value) was never sent"
        }
        let sent = transactions[value.transaction]
        if sent.places[value.number] != partition { return "phantom: \(value) was read from partition \(partition)" }
        if sent.isAborted { return "aborted read: \(value) was aborted" }
        return sent.askedAt == nil ? "aborted read: \(value) was never to be committed" : nil
    }

    // MARK: The last word

    /// Compares all that readers of committed records see, by partition, with everything known.
    package func audit(_ logs: [[Value]]) -> String? {
        var found: [[Int]] = transactions.map { Array(repeating: 0, count: $0.places.count) }
        for (partition, log) in logs.enumerated() {
            for value in log {
                if let wrong = read(value, in: partition) { return wrong }
                found[value.transaction][value.number] += 1
            }
        }
        for (number, sent) in transactions.enumerated() {
            let seen = found[number]
            if let place = seen.firstIndex(where: { $0 > 1 }) {
                return "duplicate: transaction \(number) record \(place) is there \(seen[place]) times"
            }
            let count = seen.reduce(0, +)
            if sent.isCommitted, count < seen.count {
                return "lost: \(seen.count - count) records of transaction \(number), which was committed"
            }
            if count > 0, count < seen.count {
                return "torn: \(count) of \(seen.count) records of transaction \(number) are there"
            }
        }
        return nil
    }

    /// The offset that each author's group must have: what its last visible transaction committed, which was the
    /// transaction's number. -1 for none.
    package func offsets(_ logs: [[Value]]) -> [Int64] {
        var last = [Int64](repeating: -1, count: identities.count)
        for log in logs {
            for value in log {
                let author = transactions[value.transaction].author
                last[author] = max(last[author], Int64(value.transaction))
            }
        }
        return last
    }
}
