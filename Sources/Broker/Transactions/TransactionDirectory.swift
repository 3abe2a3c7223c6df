/// All transactional ids, found by name or producer id. Dictionaries are only ever looked up; order comes from arrays.
struct TransactionDirectory: Sendable {
    /// The place of a forgotten one is taken by the last one.
    private(set) var transactions: [Transaction] = []
    /// Names of those that are ongoing, in order.
    private(set) var ongoing: [String] = []
    private var slotOfName: [String: Int] = [:]
    private var slotOfProducer: [Int64: Int] = [:]

    func slot(named name: String) -> Int? { slotOfName[name] }
    func slot(producer id: Int64) -> Int? { slotOfProducer[id] }

    subscript(slot: Int) -> Transaction { transactions[slot] }

    /// Changes a transaction, and keeps the look-up tables right.
    mutating func update<Result>(_ slot: Int, _ change: (inout Transaction) -> Result) -> Result {
        let before = (producer: transactions[slot].producer.id, isOngoing: transactions[slot].isOngoing)
        let result = change(&transactions[slot])
        let producer = transactions[slot].producer.id
        if producer != before.producer {
            slotOfProducer[before.producer] = nil
            slotOfProducer[producer] = slot
        }
        if transactions[slot].isOngoing != before.isOngoing { list(transactions[slot]) }
        return result
    }

    private mutating func list(_ transaction: Transaction) {
        let position = ongoing.lowerBound { $0 < transaction.name }
        if transaction.isOngoing {
            ongoing.insert(transaction.name, at: position)
        } else {
            ongoing.remove(at: position)
        }
    }

    /// Its name and producer id are free.
    mutating func insert(_ transaction: Transaction) {
        slotOfName[transaction.name] = transactions.count
        slotOfProducer[transaction.producer.id] = transactions.count
        transactions.append(transaction)
        if transaction.isOngoing { list(transaction) }
    }

    /// Forgets those that are not open and idle since before `time`.
    mutating func expire(before time: Int64) {
        for slot in transactions.indices.reversed() where transactions[slot].isIdle(since: time) { remove(slot) }
    }

    func hasExpired(before time: Int64) -> Bool { transactions.contains { $0.isIdle(since: time) } }

    /// Those updated since `start` count as updated at `time`.
    mutating func raise(from start: Int64, to time: Int64) {
        for slot in transactions.indices where transactions[slot].updatedAt >= start {
            transactions[slot].updatedAt = max(transactions[slot].updatedAt, time)
        }
    }

    private mutating func remove(_ slot: Int) {
        slotOfName[transactions[slot].name] = nil
        slotOfProducer[transactions[slot].producer.id] = nil
        let last = transactions.removeLast()
        guard slot < transactions.count else { return }
        transactions[slot] = last
        slotOfName[last.name] = slot
        slotOfProducer[last.producer.id] = slot
    }
}

extension Transaction {
    fileprivate func isIdle(since time: Int64) -> Bool { !isOngoing && updatedAt < time }
}
