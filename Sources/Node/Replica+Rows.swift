import Broker
import LogStore
import Ports

/// What `Replica.locate` found.
package enum LocateOutcome {
    /// At least one range was appended; `isCut`: there are more than fit into this answer for another reason than size.
    case found(isCut: Bool)
    case atEnd
    /// `loadRows` is to be asked for the rows, and `locate` again.
    case missing(SealedPlace)
    case outOfRange
    case unknownPartition
}

/// The indexes of sealed segments: written in the background, read when a consumer is behind what memory holds.
extension Replica {
    // MARK: Letting go of rows

    /// After the broker's state has come from a snapshot.
    func resetSealing() {
        rows.sealedThrough = (broker.lowestUnsealedIndex ?? appliedIndex + 1) - 1
        rows.nextSeal = log.indexedEnd(after: rows.sealedThrough)
        sealRows()
    }

    /// Lets go of the rows of segments that have an index and are applied to their end.
    func sealRows() {
        while let end = rows.nextSeal, end <= appliedIndex {
            broker.seal(through: end)
            rows.sealedThrough = end
            rows.nextSeal = log.indexedEnd(after: end)
        }
    }

    /// Has the next sealed segment indexed, one at a time.
    func indexSegments() {
        guard !rows.isIndexing,
            let segment = log.segmentToIndex(applied: appliedIndex, except: rows.failed)
        else { return }
        rows.isIndexing = true
        let build = RowBuild(segment: segment, isForWaiters: false, result: JobResult(), damage: JobResult())
        start(.buildRows(build)) {
            disk.run({ (disk: any Disk) throws(DiskFailure) in
                let made = try RowJobs.build(disk, segment, verifies: segment.isFromBefore, damage: build.damage)
                build.result.value = made
                try RowJobs.write(disk, made, of: segment)
            }, token: $0)
        }
    }

    // MARK: Finding rows

    /// Like `Broker.locate`, but also where memory has only a fence, if the rows are among those read lately or in
    /// `held`. An answer does not go beyond one segment's rows of that kind.
    package func locate(
        _ key: PartitionKey, from offset: Int64, before limit: Int64 = .max, maximumBytes: Int,
        held: PartitionRows? = nil, into ranges: inout [StoredRange]
    ) -> LocateOutcome {
        switch broker.locate(key, from: offset, before: limit, maximumBytes: maximumBytes, into: &ranges) {
        case .found: return .found(isCut: false)
        case .foundPart: return .found(isCut: true)
        case .atEnd: return .atEnd
        case .outOfRange: return .outOfRange
        case .unknownPartition: return .unknownPartition
        case .sealed(let place):
            guard let found = held.flatMap({ $0.holds(offset) ? $0 : nil }) ?? recentRows(of: key, at: place) else {
                return .missing(place)
            }
            found.locate(from: offset, before: limit, maximumBytes: maximumBytes, into: &ranges)
            return .found(isCut: ranges.last?.nextOffset == found.endOffset)
        }
    }

    private func storedSegment(of index: UInt64) -> StoredSegment? {
        log.storedSegment(of: index, applied: appliedIndex)
    }

    /// From the last segment that may have them: what lies in one before was replaced by it.
    func recentRows(of key: PartitionKey, at place: SealedPlace) -> PartitionRows? {
        var index = min(place.lastIndex, log.flushedIndex)
        while let segment = storedSegment(of: index), segment.isSealed,
            let found = rows.cache.rows(.init(first: segment.first, last: segment.last, partition: key))
        {
            if let rows = found.rows(holding: place.offset) { return rows }
            if segment.first <= place.index { return nil }
            index = segment.first - 1
        }
        return nil
    }

    /// Brings the rows of a segment of which one holds `place.offset`. Nil: they cannot be read now, or the segment has
    /// been deleted in the meantime; `locate` then tells that the offset is out of range.
    package func loadRows(
        _ key: PartitionKey, at place: SealedPlace, _ answer: @escaping (PartitionRows?) -> Void
    ) {
        var index = min(place.lastIndex, log.flushedIndex)
        while index >= place.index, let segment = storedSegment(of: index) {
            let name = RowCache.Key(first: segment.first, last: segment.last, partition: key)
            guard let found = segment.isSealed ? rows.cache.rows(name) : nil else {
                let before = SealedPlace(index: place.index, lastIndex: segment.first - 1, offset: place.offset)
                let waiter = RowWaiter(partition: key) { [unowned self] found in
                    guard let found else { return answer(nil) }
                    if let rows = found.rows(holding: place.offset) { return answer(rows) }
                    loadRows(key, at: before, answer)
                }
                return segment.isSealed && segment.hasRows ? lookUp(segment, for: waiter) : build(segment, for: waiter)
            }
            if let rows = found.rows(holding: place.offset) { return answer(rows) }
            index = segment.first - 1
        }
        answer(nil)
    }

    private func lookUp(_ segment: StoredSegment, for waiter: RowWaiter) {
        metrics.indexLookUps += 1
        let lookup = RowLookup(segment: segment, waiter: waiter, result: JobResult())
        let (partition, result) = (waiter.partition, lookup.result)
        start(.lookUpRows(lookup)) {
            disk.lookUp({ (disk: any Disk) throws(DiskFailure) in
                result.value = try RowJobs.lookUp(disk, segment, partition)
            }, token: $0)
        }
    }

    func rowsLookedUp(_ lookup: RowLookup) {
        let segment = lookup.segment
        if let found = lookup.result.value {
            rows.cache.insert(
                found, .init(first: segment.first, last: segment.last, partition: lookup.waiter.partition))
            return lookup.waiter.answer(found)
        }
        guard let current = storedSegment(of: segment.first), current.isSealed, current.last == segment.last,
            current.chain == segment.chain
        else { return lookup.waiter.answer(nil) }
        if current.hasRows {
            log.onRowsDamaged(first: segment.first)
            onEvent?(.indexDamaged(first: segment.first))
        }
        build(current, for: lookup.waiter)
    }

    // MARK: Making an index

    /// Not in the background, where it would wait for all that can wait. After damage to its file a segment is not
    /// taken at its word.
    private func build(_ segment: StoredSegment, for waiter: RowWaiter) {
        let name = RowState.Range(first: segment.first, last: segment.last)
        if rows.waiters[name] != nil {
            rows.waiters[name]?.append(waiter)
            return
        }
        if rows.unreadable.contains(segment.first) { return waiter.answer(nil) }
        rows.waiters[name] = [waiter]
        let build = RowBuild(segment: segment, isForWaiters: true, result: JobResult(), damage: JobResult())
        start(.buildRows(build)) {
            disk.lookUp({ (disk: any Disk) throws(DiskFailure) in
                build.result.value = try RowJobs.build(disk, segment, verifies: true, damage: build.damage)
            }, token: $0)
        }
    }

    func rowsBuilt(_ build: RowBuild, _ failure: DiskFailure?) {
        let segment = build.segment
        if failure != nil {
            rows.noteFailure(of: build)
            if let index = build.damage.value { suspect(index) }
        }
        if build.isForWaiters { return answerWaiters(build) }
        rows.isIndexing = false
        if failure != nil { return }
        metrics.indexesWritten += 1
        log.onRowsWritten(segment)
        if rows.nextSeal == nil { rows.nextSeal = log.indexedEnd(after: rows.sealedThrough) }
        sealRows()
    }

    private func answerWaiters(_ build: RowBuild) {
        let segment = build.segment
        let waiters = rows.waiters.removeValue(forKey: .init(first: segment.first, last: segment.last)) ?? []
        for waiter in waiters {
            let found = build.result.value?.slices(of: waiter.partition)
            if let found, segment.isSealed {
                rows.cache.insert(found, .init(first: segment.first, last: segment.last, partition: waiter.partition))
            }
            waiter.answer(found)
        }
    }
}
