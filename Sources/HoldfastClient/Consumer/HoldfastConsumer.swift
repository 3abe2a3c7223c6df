import Bytes
import KafkaWire
import Records

/// Reads partitions that it is told to read. To be used by one thread; everything that takes time happens inside its
/// calls. While the owner works on what `poll` returned, the next fetch is already under way.
public final class HoldfastConsumer {
    struct Assigned {
        let topic: String
        let nameBytes: ByteSlice
        let number: Int32
        /// Of the next record to fetch.
        var position: Int64
        /// One past the last committed record, when it was last heard of; -1 before.
        var highWatermark: Int64 = -1
        /// Not before this moment (monotonic nanoseconds).
        var retryAt: UInt64 = 0
        var failures = 0
    }

    let settings: ConsumerSettings
    let cluster: ClusterClient
    let network: any ClientNetwork
    var assigned: [Assigned] = []
    var lanes: [ConsumerLane] = []
    var fetched: [FetchedBatches] = []
    /// What `poll` throws once everything fetched before it is handed over.
    var failure: HoldfastError?
    var needsLeaders = false
    var leadersRetryAt: UInt64 = 0
    var leaderFailures = 0
    /// Since when nothing has succeeded, and why.
    var trouble: (since: UInt64, reason: String)?

    public convenience init(
        bootstrap: [BrokerAddress], settings: ConsumerSettings = ConsumerSettings()
    ) throws(HoldfastError) {
        try self.init(bootstrap: bootstrap, settings: settings, network: SystemNetwork())
    }

    package init(
        bootstrap: [BrokerAddress], settings: ConsumerSettings, network: any ClientNetwork
    ) throws(HoldfastError) {
        self.settings = settings
        self.network = network
        cluster = try ClusterClient(bootstrap: bootstrap, settings: settings.client, network: network)
    }

    // MARK: Assignment

    /// Adds partitions to what is read (nil: all there are now), or moves those that are read already.
    public func assign(
        topic: String, partitions: [Int32]? = nil, from start: StartPosition = .earliest
    ) throws(HoldfastError) {
        let count = try cluster.topic(topic, createsTopics: false).partitions.count
        for number in partitions ?? Array(0..<Int32(count)) {
            guard number >= 0, Int(number) < count else {
                throw .invalidArgument("topic '\(topic)' has no partition \(number), only 0 to \(count - 1)")
            }
            let position = try resolve(topic, number, start)
            assigned.removeAll { $0.topic == topic && $0.number == number }
            assigned.append(Assigned(
                topic: topic, nameBytes: ByteSlice(utf8: topic), number: number, position: position))
        }
    }

    /// Of the next record that `poll` has not yet fetched; nil when the partition is not read.
    public func position(topic: String, partition: Int32) -> Int64? {
        assigned.first { $0.topic == topic && $0.number == partition }?.position
    }

    /// One past the last committed record as last heard of; nil before the first answer.
    public func highWatermark(topic: String, partition: Int32) -> Int64? {
        let mark = assigned.first { $0.topic == topic && $0.number == partition }?.highWatermark ?? -1
        return mark < 0 ? nil : mark
    }

    func resolve(_ topic: String, _ number: Int32, _ start: StartPosition) throws(HoldfastError) -> Int64 {
        switch start {
        case .earliest: return try cluster.offset(of: topic, number, at: OffsetLookup.earliest)
        case .latest: return try cluster.offset(of: topic, number, at: OffsetLookup.latest)
        case .timestamp(let milliseconds):
            return try cluster.offset(of: topic, number, at: max(milliseconds, 0))
        case .offset(let offset):
            guard offset >= 0 else { throw .invalidArgument("offset \(offset) is negative") }
            return offset
        }
    }

    // MARK: Reading

    /// The records that have come, in order within each partition; waits at most that long for the first ones. Throws
    /// when a broker refuses for good, or when nothing has been heard for `operationTimeoutMilliseconds`.
    public func poll(timeoutMilliseconds: Int) throws(HoldfastError) -> [ConsumedRecord] {
        var records: [ConsumedRecord] = []
        for batches in try pollBatches(timeoutMilliseconds: timeoutMilliseconds) {
            try batches.forEachRecord(checksChecksums: settings.checksChecksums) { record in
                records.append(ConsumedRecord(topic: batches.topic, partition: batches.partition, record: record))
            }
        }
        return records
    }

    /// The same without decoding the records.
    package func pollBatches(timeoutMilliseconds: Int) throws(HoldfastError) -> [FetchedBatches] {
        let end = network.monotonicNanoseconds &+ UInt64(max(timeoutMilliseconds, 0)) * 1_000_000
        takeAnswers()
        while true {
            let now = network.monotonicNanoseconds
            refreshLeaders(now)
            sendFetches(now)
            if !fetched.isEmpty { break }
            if let failure {
                self.failure = nil
                throw failure
            }
            try checkTrouble(now)
            if now >= end { break }
            waitForAnswer(end - now)
        }
        let result = fetched
        fetched = []
        return result
    }

    private func checkTrouble(_ now: UInt64) throws(HoldfastError) {
        guard let trouble else { return }
        let limit = UInt64(max(settings.client.operationTimeoutMilliseconds, 0)) * 1_000_000
        if now - min(trouble.since, now) >= limit { throw .timedOut(operation: "fetching", reason: trouble.reason) }
    }

    func noteTrouble(_ reason: String) {
        trouble = (trouble?.since ?? network.monotonicNanoseconds, reason)
        needsLeaders = true
    }
}

/// A connection to a leader, with at most one fetch under way.
final class ConsumerLane {
    let node: Int32
    let connection: BrokerConnection
    /// What was asked for: topic, partition, offset.
    var asked: [(topic: String, number: Int32, offset: Int64)] = []

    init(node: Int32, connection: BrokerConnection) {
        self.node = node
        self.connection = connection
    }
}
