import Bytes

/// The end of a transaction, as it lies in the log: one row per partition, for its marker, and what else happens.
///
/// Payload: a produce entry's head and rows (see `ProduceTable`), this, then the markers.
package struct TransactionEnd: Equatable, Sendable {
    /// What becomes of the transactional id.
    package enum Next: Equatable, Sendable {
        /// The producer goes on (EndTxn).
        case keep
        /// The producer is fenced (timeout).
        case fence
        /// A new incarnation takes over (InitProducerId). `expected`: it is the one that held this identity.
        case initialize(timeoutMilliseconds: Int32, expected: ProducerIdentity?)
    }

    package let name: String
    /// Whose transaction it is.
    package let producer: ProducerIdentity
    package let commits: Bool
    package let next: Next
    /// The markers; positions are set when the entry is made.
    package internal(set) var table = ProduceTable(items: [])

    package init(name: String, producer: ProducerIdentity, commits: Bool, next: Next) {
        self.name = name
        self.producer = producer
        self.commits = commits
        self.next = next
    }

    /// Everything before the first marker.
    func encode() -> ByteSlice {
        var tail = ByteWriter(capacity: 64)
        tail.countedText(name)
        tail.identity(producer)
        tail.uint8(commits ? 1 : 0)
        switch next {
        case .keep: tail.uint8(0)
        case .fence: tail.uint8(1)
        case .initialize(let timeout, let expected):
            tail.uint8(2)
            tail.uint32(UInt32(bitPattern: timeout))
            tail.optionalIdentity(expected)
        }
        return table.encode(.endTransaction, tail: tail.finish())
    }

    /// `payload` holds at least the prefix; kind and version have been read.
    init(payload: ByteSlice) throws(DecodeError) {
        let (table, tail) = try ProduceTable.decode(payload)
        var reader = ByteReader(tail)
        name = try reader.countedText()
        producer = try reader.identity()
        commits = try reader.flag("commit")
        switch try reader.uint8() {
        case 0: next = .keep
        case 1: next = .fence
        case 2:
            let timeout = Int32(bitPattern: try reader.uint32())
            next = .initialize(timeoutMilliseconds: timeout, expected: try reader.optionalIdentity())
        case let other: throw .badValue("next of a transaction", Int64(other))
        }
        try reader.requireEnd()
        self.table = table
    }
}
