import Bytes

/// Fields of transactions, in commands and in snapshots.
extension ByteWriter {
    mutating func identity(_ identity: ProducerIdentity) {
        int64(identity.id)
        int16(identity.epoch)
    }

    mutating func optionalIdentity(_ identity: ProducerIdentity?) {
        uint8(identity == nil ? 0 : 1)
        if let identity { self.identity(identity) }
    }
}

extension ByteReader {
    mutating func identity() throws(DecodeError) -> ProducerIdentity {
        let id = try int64()
        return ProducerIdentity(id: id, epoch: try int16())
    }

    mutating func optionalIdentity() throws(DecodeError) -> ProducerIdentity? {
        try flag("producer identity") ? try identity() : nil
    }
}

extension Command {
    func encodeTransaction(into writer: inout ByteWriter) {
        switch self {
        case .initializeTransaction(let name, let timeout, let expected):
            writer.countedText(name)
            writer.uint32(UInt32(bitPattern: timeout))
            writer.optionalIdentity(expected)
        case .addToTransaction(let name, let producer, let partitions, let group):
            writer.countedText(name)
            writer.identity(producer)
            writer.partitionKeys(partitions)
            writer.optionalText(group)
        case .addTransactionOffsets(let name, let producer, let group, let offsets):
            writer.countedText(name)
            writer.identity(producer)
            writer.countedText(group)
            writer.offsets(offsets)
        case .expireTransactions(let before): writer.int64(before)
        default: preconditionFailure("Command: \(self) is no transaction's")
        }
    }

    static func decodeTransaction(_ kind: CommandKind, _ reader: inout ByteReader) throws(DecodeError) -> Command {
        if kind == .expireTransactions { return .expireTransactions(before: try reader.int64()) }
        let name = try reader.countedText()
        if kind == .initializeTransaction {
            let timeout = Int32(bitPattern: try reader.uint32())
            return .initializeTransaction(
                name: name, timeoutMilliseconds: timeout, expected: try reader.optionalIdentity())
        }
        let producer = try reader.identity()
        switch kind {
        case .addToTransaction:
            let partitions = try reader.partitionKeys()
            return .addToTransaction(
                name: name, producer: producer, partitions: partitions, group: try reader.optionalText("group"))
        case .addTransactionOffsets:
            let group = try reader.countedText()
            return .addTransactionOffsets(name: name, producer: producer, group: group, offsets: try reader.offsets())
        default: throw .badValue("command kind", Int64(kind.rawValue))
        }
    }
}

extension TransactionDirectory {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.uint32(UInt32(transactions.count))
        for transaction in transactions {
            transaction.encode(into: &snapshot.writer)
            snapshot.breakIfFull()
        }
    }

    /// A name or a producer id that comes twice is not what `encode` wrote.
    init(from reader: inout ByteReader) throws(DecodeError) {
        self.init()
        for _ in 0..<(try reader.elementCount(minimumSize: 57)) {
            let transaction = try Transaction(from: &reader)
            guard slot(named: transaction.name) == nil, slot(producer: transaction.producer.id) == nil else {
                throw .badValue("transaction", Int64(transactions.count))
            }
            insert(transaction)
        }
    }
}

extension Transaction {
    func encode(into writer: inout ByteWriter) {
        writer.countedText(name)
        writer.identity(producer)
        writer.int16(lastEpoch)
        writer.uint32(UInt32(bitPattern: timeoutMilliseconds))
        writer.uint8(phase.rawValue)
        writer.partitionKeys(partitions)
        writer.uint32(UInt32(groups.count))
        for group in groups {
            writer.countedText(group.group)
            writer.offsets(group.offsets)
        }
        writer.uint64(startIndex)
        writer.int64(startedAt)
        writer.int64(updatedAt)
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        name = try reader.countedText()
        producer = try reader.identity()
        lastEpoch = try reader.int16()
        timeoutMilliseconds = Int32(bitPattern: try reader.uint32())
        let rawPhase = try reader.uint8()
        guard let phase = Phase(rawValue: rawPhase) else { throw .badValue("transaction phase", Int64(rawPhase)) }
        self.phase = phase
        partitions = try reader.partitionKeys()
        for _ in 0..<(try reader.elementCount(minimumSize: 8)) {
            let group = try reader.countedText()
            if let last = groups.last, last.group >= group { throw .badValue("group", Int64(groups.count)) }
            groups.append(GroupOffsets(group: group, offsets: try reader.offsets()))
        }
        startIndex = try reader.uint64()
        startedAt = try reader.int64()
        updatedAt = try reader.int64()
        let isSorted = zip(partitions, partitions.dropFirst()).allSatisfy { $0 < $1 }
            && groups.allSatisfy { zip($0.offsets, $0.offsets.dropFirst()).allSatisfy { $0.key < $1.key } }
        if !isSorted { throw .badValue("transaction", startIndex == 0 ? 0 : 1) }
    }
}
