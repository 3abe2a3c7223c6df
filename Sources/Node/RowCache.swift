import Broker

/// Rows of sealed segments that were read lately. A committed entry never changes, so what is here is right for ever.
struct RowCache {
    struct Key: Hashable {
        let first: UInt64
        let last: UInt64
        let partition: PartitionKey
    }

    private let limit: Int
    /// What was used since `recent` was begun, and what was used in the time before: the latter goes when the former
    /// has grown to half the limit.
    private var recent: [Key: PartitionSlices] = [:]
    private var older: [Key: PartitionSlices] = [:]
    private var recentBytes = 0

    init(limit: Int) { self.limit = limit }

    mutating func rows(_ key: Key) -> PartitionSlices? {
        if let rows = recent[key] { return rows }
        guard let rows = older.removeValue(forKey: key) else { return nil }
        insert(rows, key)
        return rows
    }

    mutating func insert(_ rows: PartitionSlices, _ key: Key) {
        if recentBytes > limit / 2 {
            older = recent
            recent = [:]
            recentBytes = 0
        }
        if recent.updateValue(rows, forKey: key) == nil { recentBytes += rows.memoryBytes }
    }
}
