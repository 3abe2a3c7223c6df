import Bytes
import Planted

/// A partition in a snapshot. Offsets and indexes ascend, so they are written as differences in few bytes.
extension PartitionState {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.int64(logStartOffset)
        snapshot.writer.int64(endOffset)
        snapshot.writer.uint64(rowDigest.value)
        leaderEpochs.encode(into: &snapshot.writer)
        producers.encode(into: &snapshot)
        transactions.encode(into: &snapshot)
        snapshot.writer.uint64(generation)
        storedBefore.encode(into: &snapshot.writer)
        cleaning.encode(into: &snapshot.writer)
        snapshot.writer.uint8(UInt8(moved.count))
        for run in moved {
            snapshot.writer.int64(run.endOffset)
            if snapshot.hasIndex { run.index.encode(into: &snapshot) }
        }
        if snapshot.hasIndex { index.encode(into: &snapshot) }
        snapshot.breakIfFull()
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        self.init()
        logStartOffset = try reader.int64()
        endOffset = try reader.int64()
        if logStartOffset < 0 || endOffset < logStartOffset { throw .badValue("log start offset", logStartOffset) }
        rowDigest = StateDigest(value: try reader.uint64())
        leaderEpochs = try LeaderEpochs(from: &reader)
        producers = try ProducerTable(from: &reader)
        #if DEBUG
        if Planted.has(.snapshotForgetsProducers) { producers = ProducerTable() }
        #endif
        transactions = try PartitionTransactions(from: &reader, end: endOffset)
        #if DEBUG
        if Planted.has(.snapshotForgetsAborted) { transactions.trim(before: .max) }
        #endif
        generation = try reader.uint64()
        if generation > UInt64(Int64.max) { throw .badValue("replacements", -1) }
        storedBefore = try StorageMarks(from: &reader)
        cleaning = try CleaningState(from: &reader)
        let start = try restoreMoved(from: &reader)
        index = try PartitionIndex(from: &reader, end: endOffset)
        try Self.require(index, from: start, end: endOffset)
        try requireBytes()
    }

    /// Answers where the batches that were not moved begin.
    private mutating func restoreMoved(from reader: inout ByteReader) throws(DecodeError) -> Int64 {
        let count = try reader.uint8()
        if count > MovedRun.maximum { throw .badValue("moved runs", Int64(count)) }
        var start = logStartOffset
        for _ in 0..<count {
            let end = try reader.int64()
            if end <= start || end >= endOffset { throw .badValue("end of a moved run", end) }
            let run = MovedRun(index: try PartitionIndex(from: &reader, end: end), endOffset: end)
            try Self.require(run.index, from: start, end: end)
            moved.append(run)
            start = end
        }
        return start
    }

    /// Together they can be counted.
    private func requireBytes() throws(DecodeError) {
        let limit = Int64.max / Int64(runCount)
        for number in 0..<runCount where run(number).byteCount > limit {
            throw .badValue("bytes of a run", run(number).byteCount)
        }
    }

    /// Every offset that a consumer may ask for is in the index.
    private static func require(_ index: PartitionIndex, from start: Int64, end: Int64) throws(DecodeError) {
        let firstIndexed = index.fences.first?.baseOffset ?? index.first?.baseOffset ?? end
        if firstIndexed > start || index.isEmpty != (start == end) {
            throw .badValue("first indexed offset", firstIndexed)
        }
    }
}

extension StorageMarks {
    func encode(into writer: inout ByteWriter) {
        writer.uint32(UInt32(marks.count))
        for mark in marks {
            writer.int64(mark.endOffset)
            writer.uint64(mark.index)
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        for _ in 0..<(try reader.elementCount(minimumSize: 16)) {
            let mark = Mark(endOffset: try reader.int64(), index: try reader.uint64())
            note(before: mark.endOffset, storedBy: mark.index)
            if marks.last != mark { throw .badValue("storage mark", mark.endOffset) }
        }
    }
}

extension CleaningState {
    func encode(into writer: inout ByteWriter) {
        writer.int64(through)
        writer.int64(begun)
        writer.int64(markOffset)
        writer.int64(markTime)
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        through = try reader.int64()
        begun = try reader.int64()
        markOffset = try reader.int64()
        markTime = try reader.int64()
    }
}

extension LeaderEpochs {
    func encode(into writer: inout ByteWriter) {
        writer.uint32(UInt32(starts.count))
        for start in starts {
            writer.int32(start.epoch)
            writer.int64(start.offset)
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        let count = try reader.elementCount(minimumSize: 12)
        for _ in 0..<count {
            let epoch = try reader.int32()
            if let latest, epoch <= latest { throw .badValue("leader epoch", Int64(epoch)) }
            note(epoch, from: try reader.int64())
        }
    }
}

extension ProducerTable {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.int64(nextSweep)
        snapshot.writer.uint32(UInt32(states.count))
        for state in states {
            snapshot.writer.int64(state.id)
            snapshot.writer.int16(state.epoch)
            snapshot.writer.int64(state.lastTimestamp)
            snapshot.writer.int32(state.firstStored)
            snapshot.writer.uint8(UInt8(state.count))
            for position in 0..<state.count {
                let batch = state.batch(position)
                snapshot.writer.int64(batch.baseOffset)
                snapshot.writer.int64(batch.appendTime)
                snapshot.writer.int32(batch.firstSequence)
                snapshot.writer.int32(batch.recordCount)
            }
            snapshot.breakIfFull()
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        nextSweep = try reader.int64()
        for _ in 0..<(try reader.elementCount(minimumSize: 47)) {
            let state = try ProducerState(from: &reader)
            if let last = states.last, last.id >= state.id { throw .badValue("producer id", state.id) }
            put(state)
        }
    }
}

extension ProducerState {
    init(from reader: inout ByteReader) throws(DecodeError) {
        let id = try reader.int64()
        let epoch = try reader.int16()
        let lastTimestamp = try reader.int64()
        let firstStored = try reader.int32()
        let count = try reader.uint8()
        if count < 1 || count > Self.windowSize { throw .badValue("producer window", Int64(count)) }
        var state: ProducerState?
        for _ in 0..<count {
            let batch = try Batch(from: &reader)
            if state == nil {
                state = ProducerState(id: id, epoch: epoch, batch: batch, at: lastTimestamp)
            } else {
                state?.append(batch, epoch: epoch, at: lastTimestamp)
            }
        }
        guard var state else { throw .badValue("producer window", 0) }
        state.firstStored = firstStored
        self = state
    }
}

extension ProducerState.Batch {
    init(from reader: inout ByteReader) throws(DecodeError) {
        baseOffset = try reader.int64()
        appendTime = try reader.int64()
        firstSequence = try reader.int32()
        recordCount = try reader.int32()
        if firstSequence < 0 { throw .badValue("first sequence", Int64(firstSequence)) }
        if recordCount < 1 { throw .badValue("record count", Int64(recordCount)) }
    }
}
