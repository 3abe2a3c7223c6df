import Bytes
import Planted
import Records

/// Transactions at the tail of the log.
extension Admission {
    /// The end of this producer's transaction is in the log, or about to be, and not applied.
    package func isEnding(_ producer: Int64) -> Bool { ending.contains { $0.producer == producer } }

    /// Whether a batch may be part of its producer's transaction, or may be none; nil if so.
    func refusal(of header: RecordBatchHeader, _ key: PartitionKey, _ broker: Broker) -> BrokerError? {
        if !header.hasProducer { return nil }
        let producer = ProducerIdentity(id: header.producerId, epoch: header.producerEpoch)
        if header.isTransactional {
            if let refusal = broker.refusalOfTransactional(producer, in: key) { return refusal }
            #if DEBUG
            if Planted.has(.admitsBehindMarkers) { return nil }
            #endif
            return isEnding(producer.id) ? .invalidTransactionState : nil
        }
        guard let transaction = broker.transaction(ofProducer: producer.id), transaction.isOngoing else { return nil }
        return transaction.contains(key) ? .transactionMismatch : nil
    }

    /// The payload of the entry that ends a transaction: gives each marker its offset. Nothing may be open; the
    /// transaction is ongoing, its producer is `end.producer` and not ending. The first piece is all that
    /// `Broker.apply` needs.
    package mutating func endTransaction(
        _ end: TransactionEnd, index: UInt64, broker: Broker, now: Int64
    ) -> [ByteSlice] {
        precondition(openTails.isEmpty && index > lastSealed, "Admission: entry \(index) after \(lastSealed)")
        advanceClock(now, broker)
        var end = end
        var marked: [Int] = []
        var payload: [ByteSlice] = [.empty]
        let partitions = broker.transaction(named: end.name)?.partitions ?? []
        for key in partitions {
            guard let partition = broker.partition(key) else { continue }
            let tail = openTail(key)
            if !tails[tail].isCurrent { tails[tail].endOffset = partition.endOffset }
            tails[tail].isCurrent = true
            let marker = RecordBatch.marker(
                commits: end.commits, producerId: end.producer.id, producerEpoch: end.producer.epoch,
                baseOffset: tails[tail].endOffset, leaderEpoch: leaderEpoch, timestamp: clock)
            end.table.items.append(
                ProduceItem(
                    key: key, baseOffset: tails[tail].endOffset, recordCount: 1, position: 0,
                    length: UInt32(marker.count), maxTimestamp: clock, producerId: end.producer.id,
                    producerEpoch: end.producer.epoch,
                    flags: ProduceItem.markerFlag | ProduceItem.transactionalFlag))
            payload.append(marker)
            tails[tail].endOffset += 1
            tails[tail].onSealed(index)
            marked.append(tail)
        }
        var position = end.encode().count
        for row in end.table.items.indices {
            end.table.items[row].position = UInt32(position)
            position += Int(end.table.items[row].length)
        }
        payload[0] = end.encode()
        sealed.append(Sealed(index: index, tails: marked))
        ending.append(Ending(producer: end.producer.id, index: index))
        lastSealed = index
        return payload
    }
}
