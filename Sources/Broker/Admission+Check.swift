import Bytes
import Records

/// Whether a field may be taken: format, size, time.
extension Admission {
    /// The first batch of a field.
    func check(_ field: ByteSlice, _ settings: TopicSettings) throws(BrokerError) -> RecordBatchHeader {
        let header: RecordBatchHeader
        do {
            header = try RecordBatch.validateFirst(field)
        } catch {
            throw .invalidBatch(error)
        }
        if header.totalLength > settings.maximumMessageBytes {
            throw .messageTooLarge(size: header.totalLength, limit: settings.maximumMessageBytes)
        }
        if header.isTransactional && !header.hasProducer { throw .transactionMismatch }
        if settings.compacts { try requireKeys(field, header) }
        if !settings.usesLogAppendTime && !isTimely(header.maxTimestamp, settings) {
            throw .timestampOutOfRange(timestamp: header.maxTimestamp, now: clock)
        }
        return header
    }

    /// Compressed records are the gateway's to look at.
    private func requireKeys(_ field: ByteSlice, _ header: RecordBatchHeader) throws(BrokerError) {
        if header.codec != CompressionCodec.none { return }
        let unkeyed: [Int32]
        do throws(RecordError) {
            var records = try RecordBatch.records(of: field, skipsHeaders: true)
            unkeyed = try records.positionsWithoutKey()
        } catch {
            throw .invalidBatch(error)
        }
        if !unkeyed.isEmpty { throw .keyMissing(at: unkeyed) }
    }

    /// All batches after the first one, before anything of the field is taken. Normally there are none.
    func checkFollowing(
        _ first: RecordBatchHeader, in field: ByteSlice, _ settings: TopicSettings
    ) throws(BrokerError) -> [RecordBatchHeader] {
        if first.totalLength == field.count { return [] }
        var rest = field.dropFirst(first.totalLength)
        var headers: [RecordBatchHeader] = []
        var isIdempotent = first.hasProducer
        while !rest.isEmpty {
            let header = try check(rest, settings)
            headers.append(header)
            isIdempotent = isIdempotent || header.hasProducer
            rest = rest.dropFirst(header.totalLength)
        }
        if isIdempotent { throw .severalIdempotentBatches }
        return headers
    }

    /// By the batch's largest timestamp; -1 stands for none.
    private func isTimely(_ timestamp: Int64, _ settings: TopicSettings) -> Bool {
        if timestamp == -1 { return true }
        return timestamp <= clock.saturatingAdding(settings.timestampAfterMaximum)
            && timestamp.saturatingAdding(settings.timestampBeforeMaximum) >= clock
    }
}
