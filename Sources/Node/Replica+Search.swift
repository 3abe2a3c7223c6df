import Broker

/// What a search for a timestamp found.
package enum SearchOutcome {
    /// The first range that may hold such a record: it is to be read.
    case found(StoredRange)
    case none
    /// The index cannot be read now.
    case unreadable
}

/// Searches by timestamp, through the indexes of sealed segments where it must be. Only segments in which the partition
/// has as late a record are looked at.
extension Replica {
    /// The first range with a record that is not older than `timestamp`, milliseconds since 1970.
    package func search(
        _ key: PartitionKey, reaching timestamp: Int64, _ answer: @escaping (SearchOutcome) -> Void
    ) {
        search(key, reaching: timestamp, from: 0, latest: nil) { outcome, _ in answer(outcome) }
    }

    /// The first range with a record of the largest timestamp (ListOffsets -3, KIP-734).
    package func searchMaximumTimestamp(_ key: PartitionKey, _ answer: @escaping (SearchOutcome) -> Void) {
        guard let timestamp = broker.partition(key)?.maxTimestamp() else { return answer(.none) }
        search(key, maximum: timestamp, answer)
    }

    /// As far as memory knows, `timestamp` is the largest. It may be that of a record that is gone.
    private func search(_ key: PartitionKey, maximum timestamp: Int64, _ answer: @escaping (SearchOutcome) -> Void) {
        search(key, reaching: timestamp, from: 0, latest: nil) { [unowned self] outcome, latest in
            guard case .none = outcome, let latest else { return answer(outcome) }
            let rest = broker.partition(key)?.maxTimestamp(below: timestamp)
            let next = max(latest, rest ?? latest)
            next < timestamp ? search(key, maximum: next, answer) : answer(.none)
        }
    }

    /// Also tells the latest timestamp that was seen in an index on the way.
    private func search(
        _ key: PartitionKey, reaching timestamp: Int64, from start: Int64, latest: Int64?,
        _ answer: @escaping (SearchOutcome, Int64?) -> Void
    ) {
        var offset = start
        var latest = latest
        while let partition = broker.partition(key) {
            switch partition.search(reaching: timestamp, from: offset) {
            case .found(let range): return answer(.found(range), latest)
            case .none: return answer(.none, latest)
            case .sealed(let place):
                guard let rows = recentRows(of: key, at: place) else {
                    return loadRows(key, at: place) { [unowned self] rows in
                        rowsLoaded(rows, of: key, at: place, reaching: timestamp, latest: latest, answer)
                    }
                }
                if let range = rows.range(reaching: timestamp, from: place.offset) {
                    return answer(.found(range), latest)
                }
                let newest = rows.maxTimestamp(from: place.offset)
                latest = max(latest ?? newest, newest)
                offset = rows.endOffset
            }
        }
        answer(.none, latest)
    }

    private func rowsLoaded(
        _ rows: PartitionRows?, of key: PartitionKey, at place: SealedPlace, reaching timestamp: Int64, latest: Int64?,
        _ answer: @escaping (SearchOutcome, Int64?) -> Void
    ) {
        guard let rows else {
            // Rows that were deleted while they were looked for are no loss.
            guard let start = broker.partition(key)?.logStartOffset, start <= place.offset else {
                return search(key, reaching: timestamp, from: place.offset, latest: latest, answer)
            }
            return answer(.unreadable, latest)
        }
        if let range = rows.range(reaching: timestamp, from: place.offset) { return answer(.found(range), latest) }
        let newest = rows.maxTimestamp(from: place.offset)
        search(key, reaching: timestamp, from: rows.endOffset, latest: max(latest ?? newest, newest), answer)
    }
}
