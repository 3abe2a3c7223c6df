import Bytes

/// Encoding: kind, version, then the fields, big-endian. Texts are a u32 length and UTF-8.
extension Command {
    /// The only version of every kind so far.
    static let version: UInt8 = 1

    /// For `.produce`, `.endTransaction` and `.replaceBatches` only what comes before the batches.
    package func encode() -> ByteSlice {
        if case .produce(let table) = self { return table.encode() }
        if case .endTransaction(let end) = self { return end.encode() }
        if case .replaceBatches(let replacement) = self { return replacement.encode() }
        var writer = ByteWriter(capacity: 128)
        writer.uint8(kind.rawValue)
        writer.uint8(Self.version)
        switch self {
        case .createTopic(let name, let id, let partitionCount, let configs):
            writer.countedText(name)
            writer.topicID(id)
            writer.uint32(partitionCount)
            writer.configs(configs)
        case .deleteTopic(let number):
            writer.uint32(number)
        case .createPartitions(let topic, let total):
            writer.uint32(topic)
            writer.uint32(total)
        case .setTopicConfigs(let topic, let changes, let replacesAll):
            writer.uint32(topic)
            writer.uint8(replacesAll ? 1 : 0)
            writer.changes(changes)
        case .allocateProducer(let bumping):
            writer.optionalIdentity(bumping)
        case .produce, .endTransaction, .replaceBatches: break
        case .initializeTransaction, .addToTransaction, .addTransactionOffsets, .expireTransactions:
            encodeTransaction(into: &writer)
        case .deleteRecords(let key, let before):
            writer.partitionKey(key)
            writer.int64(before)
        case .setLimits(let limits):
            writer.limits(limits)
        case .storeGroup(let generation):
            writer.generation(generation)
        case .changeMembership(let change):
            writer.membershipChange(change)
        case .commitOffsets(let group, let offsets):
            writer.countedText(group)
            writer.offsets(offsets)
        case .deleteGroup(let group):
            writer.countedText(group)
        case .deleteOffsets(let group, let keys):
            writer.countedText(group)
            writer.partitionKeys(keys)
        case .expireOffsets(let time), .confirmTime(let time), .doubtTime(let time):
            writer.int64(time)
        case .setQuotas(let entity, let changes):
            writer.quotaEntity(entity)
            writer.quotaChanges(changes)
        }
        return writer.finish()
    }

    /// `payload` is the whole entry, or of one with batches at least what comes before them.
    package static func decode(_ payload: ByteSlice) throws(DecodeError) -> Command {
        var reader = ByteReader(payload)
        let rawKind = try reader.uint8()
        guard let kind = CommandKind(rawValue: rawKind) else { throw .badValue("command kind", Int64(rawKind)) }
        let version = try reader.uint8()
        if version != Self.version { throw .badValue("command version", Int64(version)) }
        if kind == .produce { return .produce(try ProduceTable(payload: payload)) }
        if kind == .endTransaction { return .endTransaction(try TransactionEnd(payload: payload)) }
        if kind == .replaceBatches { return .replaceBatches(try Replacement(payload: payload)) }
        let command = try decode(kind, &reader)
        try reader.requireEnd()
        return command
    }

    private static func decode(_ kind: CommandKind, _ reader: inout ByteReader) throws(DecodeError) -> Command {
        switch kind {
        case .createTopic:
            let name = try reader.countedText()
            let id = try reader.topicID()
            let partitionCount = try reader.uint32()
            return .createTopic(name: name, id: id, partitionCount: partitionCount, configs: try reader.configs())
        case .deleteTopic: return .deleteTopic(number: try reader.uint32())
        case .createPartitions:
            let topic = try reader.uint32()
            return .createPartitions(topic: topic, total: try reader.uint32())
        case .setTopicConfigs:
            let topic = try reader.uint32()
            let replacesAll = try reader.flag("replaces all")
            return .setTopicConfigs(topic: topic, changes: try reader.changes(), replacesAll: replacesAll)
        case .allocateProducer: return .allocateProducer(bumping: try reader.optionalIdentity())
        case .produce, .endTransaction, .replaceBatches: throw .badValue("command kind", Int64(kind.rawValue))
        case .initializeTransaction, .addToTransaction, .addTransactionOffsets, .expireTransactions:
            return try decodeTransaction(kind, &reader)
        case .deleteRecords:
            let key = try reader.partitionKey()
            return .deleteRecords(key, before: try reader.int64())
        case .setLimits: return .setLimits(try reader.limits())
        case .storeGroup: return .storeGroup(try reader.generation())
        case .changeMembership: return .changeMembership(try reader.membershipChange())
        case .commitOffsets:
            let group = try reader.countedText()
            return .commitOffsets(group: group, offsets: try reader.offsets())
        case .deleteGroup: return .deleteGroup(try reader.countedText())
        case .deleteOffsets:
            let group = try reader.countedText()
            return .deleteOffsets(group: group, keys: try reader.partitionKeys())
        case .expireOffsets: return .expireOffsets(before: try reader.int64())
        case .confirmTime: return .confirmTime(try reader.time())
        case .doubtTime: return .doubtTime(since: try reader.time())
        case .setQuotas:
            let entity = try reader.quotaEntity()
            return .setQuotas(entity, changes: try reader.quotaChanges())
        }
    }

    private var kind: CommandKind {
        switch self {
        case .createTopic: .createTopic
        case .deleteTopic: .deleteTopic
        case .createPartitions: .createPartitions
        case .setTopicConfigs: .setTopicConfigs
        case .allocateProducer: .allocateProducer
        case .produce: .produce
        case .deleteRecords: .deleteRecords
        case .setLimits: .setLimits
        case .storeGroup: .storeGroup
        case .changeMembership: .changeMembership
        case .commitOffsets: .commitOffsets
        case .deleteGroup: .deleteGroup
        case .deleteOffsets: .deleteOffsets
        case .expireOffsets: .expireOffsets
        case .setQuotas: .setQuotas
        case .initializeTransaction: .initializeTransaction
        case .addToTransaction: .addToTransaction
        case .addTransactionOffsets: .addTransactionOffsets
        case .endTransaction: .endTransaction
        case .expireTransactions: .expireTransactions
        case .confirmTime: .confirmTime
        case .doubtTime: .doubtTime
        case .replaceBatches: .replaceBatches
        }
    }
}

extension ByteReader {
    /// Milliseconds since 1970.
    fileprivate mutating func time() throws(DecodeError) -> Int64 {
        let time = try int64()
        if time < 0 { throw .badValue("time", time) }
        return time
    }
}
