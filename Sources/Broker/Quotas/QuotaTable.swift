import Bytes

/// All quotas, sorted by whom they are for.
package struct QuotaTable: Sendable {
    package struct Value: Hashable, Sendable {
        package let kind: QuotaKind
        package let bits: UInt64
    }

    package struct Entry: Hashable, Sendable {
        package let entity: QuotaEntity
        /// By kind; never empty.
        package internal(set) var values: [Value]
    }

    package private(set) var entries: [Entry] = []
    /// The log entry that changed them last: another one, other quotas.
    package private(set) var changedAt: UInt64 = 0

    package var isEmpty: Bool { entries.isEmpty }

    package func bits(_ kind: QuotaKind, of entity: QuotaEntity) -> UInt64? {
        let position = position(of: entity)
        guard position < entries.count, entries[position].entity == entity else { return nil }
        return entries[position].values.first { $0.kind == kind }?.bits
    }

    private func position(of entity: QuotaEntity) -> Int { entries.lowerBound { $0.entity.precedes(entity) } }

    mutating func set(_ entity: QuotaEntity, _ changes: [QuotaChange], index: UInt64) {
        changedAt = index
        let position = position(of: entity)
        let isKnown = position < entries.count && entries[position].entity == entity
        var values = isKnown ? entries[position].values : []
        for change in changes {
            values.removeAll { $0.kind == change.kind }
            if let bits = change.bits { values.append(Value(kind: change.kind, bits: bits)) }
        }
        values.sort { $0.kind.rawValue < $1.kind.rawValue }
        if isKnown { entries.remove(at: position) }
        if !values.isEmpty { entries.insert(Entry(entity: entity, values: values), at: position) }
    }
}

extension QuotaTable {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.uint64(changedAt)
        snapshot.writer.uint32(UInt32(entries.count))
        for entry in entries {
            snapshot.writer.quotaEntity(entry.entity)
            snapshot.writer.quotaChanges(entry.values.map { QuotaChange(kind: $0.kind, bits: $0.bits) })
            snapshot.breakIfFull()
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        changedAt = try reader.uint64()
        for _ in 0..<(try reader.elementCount(minimumSize: 6)) {
            let entity = try reader.quotaEntity()
            if let last = entries.last, !last.entity.precedes(entity) { throw .badValue("quota entity", 0) }
            var values: [Value] = []
            for change in try reader.quotaChanges() {
                guard let bits = change.bits else { throw .badValue("quota without value", 0) }
                if let last = values.last, last.kind.rawValue >= change.kind.rawValue {
                    throw .badValue("quota kind", Int64(change.kind.rawValue))
                }
                values.append(Value(kind: change.kind, bits: bits))
            }
            if values.isEmpty { throw .badValue("quotas", 0) }
            entries.append(Entry(entity: entity, values: values))
        }
    }
}

extension ByteWriter {
    private mutating func quotaName(_ name: QuotaEntity.Name?) {
        switch name {
        case nil: uint8(0)
        case .standard: uint8(1)
        case .named(let name):
            uint8(2)
            countedText(name)
        }
    }

    mutating func quotaEntity(_ entity: QuotaEntity) {
        quotaName(entity.user)
        quotaName(entity.client)
    }

    mutating func quotaChanges(_ changes: [QuotaChange]) {
        uint32(UInt32(changes.count))
        for change in changes {
            uint8(change.kind.rawValue)
            uint8(change.bits == nil ? 0 : 1)
            if let bits = change.bits { uint64(bits) }
        }
    }
}

extension ByteReader {
    private mutating func quotaName() throws(DecodeError) -> QuotaEntity.Name? {
        switch try uint8() {
        case 0: nil
        case 1: .standard
        case 2: .named(try countedText())
        case let other: throw .badValue("quota name", Int64(other))
        }
    }

    mutating func quotaEntity() throws(DecodeError) -> QuotaEntity {
        let user = try quotaName()
        let client = try quotaName()
        if user == nil && client == nil { throw .badValue("quota entity", 0) }
        return QuotaEntity(user: user, client: client)
    }

    mutating func quotaChanges() throws(DecodeError) -> [QuotaChange] {
        var changes: [QuotaChange] = []
        for _ in 0..<(try elementCount(minimumSize: 2)) {
            let raw = try uint8()
            guard let kind = QuotaKind(rawValue: raw) else { throw .badValue("quota kind", Int64(raw)) }
            let hasValue = try flag("quota value")
            changes.append(QuotaChange(kind: kind, bits: hasValue ? try uint64() : nil))
        }
        return changes
    }
}
