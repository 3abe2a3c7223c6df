import Bytes
import Records

/// The open entry: filled, sealed, applied.
extension Admission {
    /// `field` has been checked whole; `producer` is the state its one batch goes on from.
    mutating func append(
        _ field: ByteSlice, _ first: RecordBatchHeader, _ following: [RecordBatchHeader], _ producer: ProducerState?,
        to tail: Int, brokerEnd: Int64, logStart: Int64, _ settings: TopicSettings
    ) -> AdmissionOutcome {
        let base = tails[tail].isCurrent ? tails[tail].endOffset : brokerEnd
        // A field is at most 2^31 bytes of 61 and more, each claiming at most 2^31 records.
        if base > Int64.max - (Int64(field.count) << 26) { return .rejected(.offsetsExhausted) }
        tails[tail].isCurrent = true
        tails[tail].endOffset = base
        if openTails.isEmpty { openBytes = ProduceTable.headerSize }
        if tails[tail].open.isEmpty { openTails.append(tail) }
        if !settings.flushesLater { isOpenRelaxed = false }
        append(field.slice(0, first.totalLength), first, producer, to: tail, settings)
        var position = first.totalLength
        for header in following {
            append(field.slice(position, header.totalLength), header, nil, to: tail, settings)
            position += header.totalLength
        }
        return .accepted(
            baseOffset: base, logAppendTime: settings.usesLogAppendTime ? clock : -1, logStartOffset: logStart)
    }

    private mutating func append(
        _ batch: ByteSlice, _ header: RecordBatchHeader, _ producer: ProducerState?, to tail: Int,
        _ settings: TopicSettings
    ) {
        let base = tails[tail].endOffset
        if settings.usesLogAppendTime {
            RecordBatch.stampAppendTime(clock, in: batch)
        } else if header.usesLogAppendTime {
            RecordBatch.clearAppendTime(in: batch)
        }
        RecordBatch.assign(baseOffset: base, leaderEpoch: leaderEpoch, in: batch)
        var item = ProduceItem(
            key: tails[tail].key, baseOffset: base, recordCount: UInt32(header.recordCount), position: 0,
            length: UInt32(batch.count), maxTimestamp: settings.usesLogAppendTime ? clock : header.maxTimestamp,
            flags: settings.usesLogAppendTime ? ProduceItem.logAppendTimeFlag : 0)
        if header.hasProducer { note(header, producer, &item, tail: tail) }
        let isRow = tails[tail].open.append(item, batch)
        openBytes += batch.count + (isRow ? ProduceItem.encodedSize : 0)
        openBatches += 1
        tails[tail].endOffset = base + Int64(header.recordCount)
    }

    private mutating func note(
        _ header: RecordBatchHeader, _ producer: ProducerState?, _ item: inout ProduceItem, tail: Int
    ) {
        item.producerId = header.producerId
        item.producerEpoch = header.producerEpoch
        item.baseSequence = header.baseSequence
        if header.isTransactional { item.flags |= ProduceItem.transactionalFlag }
        let batch = ProducerState.Batch(item)
        if var state = producer {
            state.append(batch, epoch: header.producerEpoch, at: clock)
            tails[tail].put(state)
        } else {
            item.flags |= ProduceItem.startsProducerFlag
            tails[tail].put(
                ProducerState(id: header.producerId, epoch: header.producerEpoch, batch: batch, at: clock))
        }
    }

    /// The payload of one produce entry, which gets log index `index`; nil when nothing is open. The first piece is the
    /// table prefix, all that `Broker.apply` needs. The batches' bytes are not written again.
    package mutating func seal(index: UInt64) -> [ByteSlice]? {
        if openTails.isEmpty { return nil }
        precondition(index > lastSealed, "Admission: sealing entry \(index) after \(lastSealed)")
        var rowCount = 0
        for tail in openTails { rowCount += tails[tail].open.items.count }
        var rows: [ProduceItem] = []
        rows.reserveCapacity(rowCount)
        var payload: [ByteSlice] = [.empty]
        var position = ProduceTable.headerSize + rowCount * ProduceItem.encodedSize
        for tail in openTails {
            tails[tail].open.drain(into: &rows, position: &position, &payload)
            tails[tail].onSealed(index)
        }
        payload[0] = ProduceTable(items: rows).encode()
        sealed.append(Sealed(index: index, tails: openTails))
        lastSealed = index
        openTails = []
        openBytes = 0
        openBatches = 0
        isOpenRelaxed = true
        return payload
    }

    /// Entries through `index` have been applied to the broker: what they changed need not be remembered here.
    package mutating func onApplied(through index: UInt64) {
        let done = sealed.lowerBound { $0.index <= index }
        for entry in sealed[..<done] {
            for tail in entry.tails { tails[tail].onApplied(through: index) }
        }
        sealed.removeFirst(done)
        ending.removeAll { $0.index <= index }
    }
}
