import Bytes
import Compaction
import Compression
import Records

extension FuzzTarget {
    static let compressedRecords = FuzzTarget(
        "compressed-records", "bodies of batches, decompressed by each codec; what came out goes through it again",
        // A zstd frame may ask for a window of 128 MiB.
        allocationLimit: 300,
        seeds: {
            let body = batch(records: 9).dropFirst(RecordBatchHeader.size)
            return try codecs.map { .joined([ByteSlice([$0.rawValue]), try Compression.compress(body, $0)]) }
        },
        run: { input in
            var choices = ByteReader(input)
            guard let codec = CompressionCodec(rawValue: UInt8(choices.choice() & 7)) else { return }
            let body = choices.part(choices.remaining).detached()
            guard let records = accepted({ try Compression.decompress(body, codec, limit: 1 << 20) }) else { return }
            require(records.count <= 1 << 20, "the limit holds")
            let again = try Compression.decompress(Compression.compress(records, codec), codec)
            require(again == records, "what is compressed is the same when it is decompressed")
        })

    static let cleanedBatches = FuzzTarget(
        "cleaned-batches", "stored batches of a compacted topic, cleaned; what is left is some of their records",
        allocationLimit: 300,
        seeds: {
            let plain = [batch(records: 1), batch(records: 6), batch(records: 4, producer: 77)]
            let compressed = try codecs.map { codec in
                let batch = batch(records: 6)
                let body = try Compression.compress(batch.dropFirst(RecordBatchHeader.size), codec)
                return RecordBatch.changing(batch, body: body, codec, recordCount: 6, maxTimestamp: 1000)
            }
            return (plain + compressed).map { .joined([ByteSlice([3, 0, 9]), $0, plain[1]]) }
        },
        run: { input in
            var choices = ByteReader(input)
            let tombstones = Int64(choices.choice())
            let first = Int64(choices.choice())
            let aborted = CleaningRules.Aborted(producer: 77, first: first, last: first + Int64(choices.choice()))
            let rules = CleaningRules(tombstonesBefore: tombstones, aborted: [aborted])
            let keys = KeyMap()
            let batches = framed(choices.part(choices.remaining).detached())
            for batch in batches { _ = BatchCleaner.note(batch, in: keys, rules) }
            var cleaner = BatchCleaner(keys, rules)
            for batch in batches {
                guard case .replaced(let smaller) = cleaner.clean(batch) else { continue }
                let (before, after) = (try RecordBatch.framedHeader(batch), try RecordBatch.framedHeader(smaller))
                require(after.totalLength == smaller.count, "a cleaned batch is one batch")
                require(after.baseOffset == before.baseOffset && after.lastOffset == before.lastOffset, "offsets stay")
                require(after.recordCount > 0 && after.recordCount < before.recordCount, "some records are left")
                if case .kept = cleaner.clean(smaller) { continue }
                require(false, "what is cleaned once more is the same")
            }
        })

    private static let codecs: [CompressionCodec] = [.gzip, .snappy, .lz4, .zstd]

    /// Batches by their lengths alone, as the log's reader cuts them.
    private static func framed(_ bytes: ByteSlice) -> [ByteSlice] {
        var batches: [ByteSlice] = []
        var rest = bytes
        while !rest.isEmpty, let header = accepted({ try RecordBatch.framedHeader(rest) }) {
            batches.append(rest.slice(0, header.totalLength))
            rest = rest.dropFirst(header.totalLength)
        }
        return batches
    }
}
