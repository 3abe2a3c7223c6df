import HoldfastClient

/// One run of `holdfast consume`.
struct ConsumeRun {
    private let topic: String
    private let consumer: HoldfastConsumer
    /// By partition, where to stop; nil: never.
    private let ends: [Int32: Int64]?
    private let count: Int
    private let printsKey: Bool
    private let printsOffset: Bool

    init(_ arguments: Arguments) throws(CommandFailure) {
        let topic = try arguments.text("topic")
        let partition = try Self.partition(arguments)
        let start = try Self.start(arguments)
        count = arguments.has("count") ? try arguments.integer("count", in: 0...Int.max) : Int.max
        printsKey = arguments.has("print-key")
        printsOffset = arguments.has("print-offset")
        let addresses = try Command.bootstrap(arguments)
        let admin = try Command.admin(arguments)
        var settings = ConsumerSettings()
        settings.client = Command.clientSettings()
        let consumer = try Command.asking { () throws(HoldfastError) in
            try HoldfastConsumer(bootstrap: addresses, settings: settings)
        }
        let ranges = try Command.asking { () throws(HoldfastError) in
            try consumer.assign(topic: topic, partitions: partition.map { [$0] }, from: start)
            return try admin.offsets(of: topic)
        }
        let numbers = partition.map { [$0] } ?? ranges.indices.map { Int32($0) }
        ends = arguments.has("follow")
            ? nil : Dictionary(uniqueKeysWithValues: numbers.map { ($0, ranges[Int($0)].end) })
        self.topic = topic
        self.consumer = consumer
    }

    private static func partition(_ arguments: Arguments) throws(CommandFailure) -> Int32? {
        if try arguments.text("partition") == "all" { return nil }
        return Int32(try arguments.integer("partition", in: 0...1_000_000))
    }

    private static func start(_ arguments: Arguments) throws(CommandFailure) -> StartPosition {
        let text = try arguments.text("from")
        if arguments.has("from-beginning") || text == "earliest" { return .earliest }
        if text == "latest" { return .latest }
        if text.hasPrefix("@"), let milliseconds = Int64(text.dropFirst()), milliseconds >= 0 {
            return .timestamp(milliseconds: milliseconds)
        }
        guard let offset = Int64(text), offset >= 0 else {
            throw .usage("--from '\(text)' is neither earliest, latest, an offset nor @MILLISECONDS")
        }
        return .offset(offset)
    }

    func print() throws(CommandFailure) {
        var output = Output()
        var printed = 0
        while printed < count && !isDone {
            let records = try Command.asking { () throws(HoldfastError) in
                try consumer.poll(timeoutMilliseconds: 500)
            }
            for record in records where printed < count && record.offset < ends?[record.partition] ?? Int64.max {
                try print(record, to: &output)
                printed += 1
            }
            try output.flush()
        }
    }

    private var isDone: Bool {
        guard let ends else { return false }
        return ends.allSatisfy { number, end in
            consumer.position(topic: topic, partition: number).map { $0 >= end } ?? true
        }
    }

    private func print(_ record: ConsumedRecord, to output: inout Output) throws(CommandFailure) {
        if printsOffset { try output.write("\(record.partition):\(record.offset)\t") }
        if printsKey {
            if let key = record.record.key { try output.write(key) } else { try output.write("null") }
            try output.write("\t")
        }
        if let value = record.record.value { try output.write(value) } else { try output.write("null") }
        try output.write("\n")
    }
}
