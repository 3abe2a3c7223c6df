import Bytes
import HoldfastClient
import KafkaWire
import SystemIO

/// One run of `holdfast bench`.
struct BenchRun {
    let plan: BenchPlan

    func run() throws(CommandFailure) -> String {
        switch plan.mode {
        case .consume: return try consume()
        case .produce, .latency, .pipeline:
            try createTopic()
            return try produce()
        }
    }

    private func createTopic() throws(CommandFailure) {
        do throws(HoldfastError) {
            let admin = try HoldfastAdmin(bootstrap: plan.bootstrap, settings: Command.clientSettings())
            try admin.createTopic(plan.topic, partitions: plan.partitions)
        } catch {
            if case .refused(KafkaErrorCode.topicAlreadyExists.rawValue, _, _) = error { return }
            throw .failed(error.description)
        }
    }

    /// Bytes that no disk or network compresses away.
    private func payload() -> ByteSlice {
        let storage = ByteStorage(capacity: plan.size)
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for position in 0..<plan.size {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            storage.bytes[position] = UInt8(truncatingIfNeeded: state >> 56)
        }
        return ByteSlice(storage: storage, lower: 0, count: plan.size)
    }

    // MARK: Producing

    private func produce() throws(CommandFailure) -> String {
        let meter = BenchMeter("produced")
        let tally = DeliveryTally()
        let settings = plan.producerSettings
        let times = SendTimes(room: plan.pendingLimit(settings))
        let producer = try Command.asking { () throws(HoldfastError) in
            try HoldfastProducer(bootstrap: plan.bootstrap, settings: settings) { delivery in
                tally.count(delivery)
                guard delivery.isDelivered else { return }
                meter.count(bytes: plan.size)
                meter.record(latency: SystemClock.monotonicNanoseconds - times[delivery.ticket])
            }
        }
        let value = payload()
        let limit = plan.pendingLimit(settings)
        for number in 0..<plan.records {
            while producer.pendingRecords >= limit {
                producer.poll(timeoutMilliseconds: 100)
                meter.report()
            }
            times.note(UInt64(number), SystemClock.monotonicNanoseconds)
            try Command.asking { () throws(HoldfastError) in
                try producer.send(topic: plan.topic, key: nil, value: value)
            }
            if number % 256 == 0 { meter.report() }
        }
        while producer.pendingRecords > 0 {
            producer.flush(forMilliseconds: 500)
            meter.report()
        }
        producer.close()
        if tally.failed > 0 { throw .failed(tally.summary) }
        return meter.summary(of: "send to delivery")
    }

    // MARK: Consuming

    private func consume() throws(CommandFailure) -> String {
        var settings = ConsumerSettings()
        settings.client = Command.clientSettings()
        settings.maximumPartitionBytes = max(plan.batchBytes, 4 << 20)
        let consumer = try Command.asking { () throws(HoldfastError) in
            let consumer = try HoldfastConsumer(bootstrap: plan.bootstrap, settings: settings)
            try consumer.assign(topic: plan.topic)
            return consumer
        }
        let meter = BenchMeter("consumed")
        while meter.records < plan.records {
            let asked = SystemClock.monotonicNanoseconds
            let batches = try Command.asking { () throws(HoldfastError) in
                try consumer.pollBatches(timeoutMilliseconds: 500)
            }
            if !batches.isEmpty { meter.record(latency: SystemClock.monotonicNanoseconds - asked) }
            for part in batches {
                try Command.asking { () throws(HoldfastError) in
                    try part.forEachRecord { record in
                        if meter.records < plan.records { meter.count(bytes: record.value?.count ?? 0) }
                    }
                }
            }
            meter.report()
        }
        return meter.summary(of: "per poll")
    }
}

extension BenchPlan {
    /// Records accepted and not yet delivered.
    func pendingLimit(_ settings: ProducerSettings) -> Int {
        switch mode {
        case .latency: 1
        case .pipeline: inFlight
        case .produce, .consume: max(settings.bufferBytes / (size + 64), 1)
        }
    }
}

extension Delivery {
    var isDelivered: Bool {
        if case .failed = outcome { return false }
        return true
    }
}

/// When the records that are under way were sent, by ticket. Tickets count from 0.
private final class SendTimes {
    private var ring: [UInt64]

    init(room: Int) { ring = [UInt64](repeating: 0, count: room + 1) }

    func note(_ ticket: UInt64, _ time: UInt64) { ring[Int(ticket % UInt64(ring.count))] = time }
    subscript(ticket: UInt64) -> UInt64 { ring[Int(ticket % UInt64(ring.count))] }
}
