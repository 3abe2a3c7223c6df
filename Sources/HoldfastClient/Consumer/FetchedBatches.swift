import Bytes
import Records

/// Whole record batches of one partition, as they are stored.
package struct FetchedBatches: Sendable {
    package let topic: String
    package let partition: Int32
    /// Records before this offset, in the first batch, were not asked for.
    package let from: Int64
    package let bytes: ByteSlice

    /// Calls `body` with every record from `from` on.
    package func forEachRecord(
        checksChecksums: Bool = true, _ body: (Record) throws(HoldfastError) -> Void
    ) throws(HoldfastError) {
        var rest = bytes
        while !rest.isEmpty {
            var iterator: RecordIterator?
            do throws(RecordError) {
                let header = try RecordBatch.framedHeader(rest)
                let batch = rest.slice(0, header.totalLength)
                rest = rest.dropFirst(header.totalLength)
                if !header.isControl {
                    if checksChecksums { try RecordBatch.validateStored(batch) }
                    iterator = try RecordBatch.records(of: batch)
                }
            } catch {
                throw failure(error)
            }
            while let record = try next(&iterator) {
                if record.offset >= from { try body(record) }
            }
        }
    }

    private func next(_ iterator: inout RecordIterator?) throws(HoldfastError) -> Record? {
        do throws(RecordError) {
            return try iterator?.next()
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: RecordError) -> HoldfastError {
        let place = "\(topic)-\(partition) from offset \(from)"
        if case .compressed(let codec) = error {
            return .unsupported("\(place): the records are compressed with \(codec), which this client cannot read")
        }
        return .malformed("\(place): \(error)")
    }
}
