import Bytes
import HoldfastClient

extension Command {
    static let produce = Command(
        "produce", "send the lines of standard input as records",
        flags: [
            .bootstrap,
            Flag("topic", "NAME", "where to", need: .required),
            Flag("key-separator", "TEXT", "what stands before it in a line is the record's key"),
            Flag("acks", "none|leader|quorum", "when a record counts as delivered", default: "quorum"),
            Flag("partition", "N", "the partition (without it: by the key, or spread)"),
        ],
        details: "Prints on standard error how many were delivered; the exit code is 1 if any was not."
    ) { arguments throws(CommandFailure) in
        let topic = try arguments.text("topic")
        let separator = arguments.has("key-separator") ? Array(try arguments.text("key-separator").utf8) : []
        let partition = arguments.has("partition") ? Int32(try arguments.integer("partition", in: 0...1_000_000)) : nil
        var settings = ProducerSettings()
        settings.client = clientSettings()
        settings.acknowledgement = try arguments.choice("acks", AcksChoice.self).acknowledgement
        let tally = DeliveryTally()
        let addresses = try bootstrap(arguments)
        let producer = try asking { () throws(HoldfastError) in
            try HoldfastProducer(bootstrap: addresses, settings: settings) { tally.count($0) }
        }
        var input = LineInput()
        while !input.isAtEnd {
            // What is under way needs the producer's attention while no line comes.
            guard try input.isReady(timeoutMilliseconds: producer.pendingRecords > 0 ? 0 : -1) else {
                producer.poll(timeoutMilliseconds: 5)
                continue
            }
            for line in try input.next() {
                let (key, value) = split(line, at: separator)
                try asking { () throws(HoldfastError) in
                    try producer.send(topic: topic, partition: partition, key: key, value: value)
                }
            }
        }
        producer.close()
        Console.error(tally.summary)
        return tally.failed == 0 ? 0 : 1
    }

    /// A line without the separator has no key.
    static func split(_ line: ByteSlice, at separator: [UInt8]) -> (key: ByteSlice?, value: ByteSlice) {
        guard !separator.isEmpty, line.count >= separator.count else { return (nil, line) }
        for start in 0...(line.count - separator.count) {
            if separator.indices.allSatisfy({ line[start + $0] == separator[$0] }) {
                return (line.slice(0, start), line.dropFirst(start + separator.count))
            }
        }
        return (nil, line)
    }
}

/// Counts what became of records.
final class DeliveryTally {
    private(set) var delivered = 0
    private(set) var failed = 0
    private var firstError: HoldfastError?

    func count(_ delivery: Delivery) {
        if case .failed(let error, _) = delivery.outcome {
            failed += 1
            firstError = firstError ?? error
        } else {
            delivered += 1
        }
    }

    var summary: String {
        let words = "produced \(delivered) records"
        guard let firstError else { return words }
        return "\(words), \(failed) failed; the first: \(firstError)"
    }
}
