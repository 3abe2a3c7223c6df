import HoldfastClient

/// What `holdfast bench` is asked to do.
struct BenchPlan {
    enum Mode: String, CaseIterable { case produce, consume, latency, pipeline }

    let mode: Mode
    let topic: String
    let partitions: Int32
    let records: Int
    let size: Int
    let bootstrap: [BrokerAddress]
    let acks: AcksChoice
    let inFlight: Int
    let batchBytes: Int

    static let flags: [Flag] = [
        .bootstrap,
        Flag("topic", "NAME", "created if it is missing", need: .required),
        Flag("records", "N", "how many", default: "100000"),
        Flag("size", "BYTES", "of each record's value", default: "1024"),
        Flag("mode", "produce|consume|latency|pipeline", "what to measure", default: "produce"),
        Flag("in-flight", "N", "unanswered requests (5; pipeline: 1000); above 5 without idempotence"),
        Flag("acks", "none|leader|quorum", "when a record counts as delivered", default: "quorum"),
        Flag("batch", "BYTES", "largest batch", default: "1000000"),
        Flag("partitions", "N", "of the topic, if it is created", default: "1"),
    ]

    init(_ arguments: Arguments) throws(CommandFailure) {
        mode = try arguments.choice("mode", Mode.self)
        topic = try arguments.text("topic")
        partitions = Int32(try arguments.integer("partitions", in: 1...10_000))
        records = try arguments.integer("records", in: 1...1_000_000_000_000)
        size = try arguments.integer("size", in: 0...(64 << 20))
        bootstrap = try Command.bootstrap(arguments)
        acks = try arguments.choice("acks", AcksChoice.self)
        batchBytes = try arguments.integer("batch", in: 1...(64 << 20))
        let usual = mode == .pipeline ? 1000 : 5
        inFlight = arguments.has("in-flight") ? try arguments.integer("in-flight", in: 1...1_000_000) : usual
    }

    var producerSettings: ProducerSettings {
        var settings = ProducerSettings()
        settings.client = Command.clientSettings()
        settings.acknowledgement = acks.acknowledgement
        settings.maximumInFlight = inFlight
        settings.isIdempotent = inFlight <= 5
        settings.batchBytes = batchBytes
        settings.lingerMilliseconds = mode == .produce ? 5 : 0
        if mode == .pipeline { settings.batchRecords = 1 }
        return settings
    }
}
