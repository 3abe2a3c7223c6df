import Bytes
import Records

extension FuzzTarget {
    static let recordBatch = FuzzTarget(
        "record-batch", "record batches: validated, walked, windowed and rewritten; valid ones stay valid",
        seeds: {
            [
                batch(records: 1), batch(records: 3), .joined([batch(records: 2), batch(records: 2)]),
                batch(records: 4, producer: 77),
            ].map { .joined([ByteSlice([5, 40]), $0]) }
        },
        run: { input in
            var choices = ByteReader(input)
            let offset = Int64(choices.choice())
            let maximum = choices.choice() << 2
            let field = choices.part(choices.remaining).detached()
            walk(field)
            if let window = accepted({ try RecordBatch.window(of: field, from: offset, maximumBytes: maximum) }) {
                require(window.count <= field.count, "a window lies inside")
            }
            guard let batches = accepted({ try RecordBatch.split(field) }) else { return }
            require(batches.reduce(0) { $0 + $1.count } == field.count, "batches lie end to end")
            for batch in batches {
                let header = try RecordBatch.validate(batch)
                walk(batch)
                RecordBatch.assign(baseOffset: offset, leaderEpoch: 4, in: batch)
                if header.usesLogAppendTime { RecordBatch.clearAppendTime(in: batch) }
                RecordBatch.stampAppendTime(9, in: batch)
                let rewritten = try RecordBatch.validate(batch)
                require(rewritten.baseOffset == offset && rewritten.maxTimestamp == 9, "rewriting takes")
                walk(batch)
            }
        })

    /// As a consumer does, which trusts no broker.
    private static func walk(_ batch: ByteSlice) {
        guard let records = accepted({ try RecordBatch.allRecords(of: batch) }) else { return }
        for (one, next) in zip(records, records.dropFirst()) {
            require(one.offset < next.offset, "offsets ascend")
        }
    }

    static func batch(records: Int, producer: Int64 = -1) -> ByteSlice {
        let isIdempotent = producer >= 0
        var builder = RecordBatchBuilder(
            producerId: producer, producerEpoch: isIdempotent ? 0 : -1, baseSequence: isIdempotent ? 0 : -1)
        for number in 0..<records {
            builder.append(
                key: number % 2 == 0 ? nil : ByteSlice(utf8: "k\(number)"), value: ByteSlice(utf8: "value \(number)"),
                headers: number == 2 ? [RecordHeader(name: "h", value: ByteSlice([1]))] : [], timestamp: 1000)
        }
        return builder.finish()
    }
}
