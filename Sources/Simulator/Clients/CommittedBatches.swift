import Bytes
import Compression
import KafkaWire
import Records

extension FetchResponse.Partition {
    /// The batches of an answer to a reader of committed records, and whether it is to see what is in them: not in
    /// markers, and not in what the answer names as aborted.
    func forEachCommittedBatch(
        _ body: (_ header: RecordBatchHeader, _ batch: ByteSlice, _ isVisible: Bool) throws -> Void
    ) throws {
        guard case .inline(var rest) = records else { return }
        var pending = (abortedTransactions ?? []).sorted { $0.firstOffset < $1.firstOffset }
        var aborted: Set<Int64> = []
        while !rest.isEmpty {
            let header = try RecordBatch.framedHeader(rest)
            while let next = pending.first, next.firstOffset <= header.lastOffset {
                aborted.insert(next.producerId)
                pending.removeFirst()
            }
            if header.isControl { aborted.remove(header.producerId) }
            if header.lastOffset >= lastStableOffset {
                throw ClientFault("offset \(header.lastOffset) is not below \(lastStableOffset)")
            }
            let isHidden = header.isControl || (header.isTransactional && aborted.contains(header.producerId))
            try body(header, rest.slice(0, header.totalLength), !isHidden)
            rest = rest.dropFirst(header.totalLength)
        }
    }
}

extension RecordBatch {
    /// All records of a batch, whatever its codec.
    static func decompressed(_ batch: ByteSlice, _ header: RecordBatchHeader) throws -> [Record] {
        let stored = batch.dropFirst(RecordBatchHeader.size)
        guard let codec = header.codec else { throw ClientFault("no codec in \(header.attributes)") }
        var records = RecordIterator(header: header, body: try Compression.decompress(stored, codec))
        var all: [Record] = []
        while let record = try records.next() { all.append(record) }
        return all
    }
}
