import Bytes
import KafkaWire
import Records

/// Sends records. To be used by one thread; everything that takes time happens inside its calls: `send` starts what is
/// due, `poll` and `flush` wait for answers. A record whose `linger` passes while the owner does neither stays.
public final class HoldfastProducer {
    struct Topic {
        let name: String
        let nameBytes: ByteSlice
        /// Positions in `partitions`, by number.
        var partitions: [Int] = []
        /// Where records without a key and a partition go until the batch there is closed (KIP-480).
        var sticky = 0
    }

    let settings: ProducerSettings
    let cluster: ClusterClient
    let network: any ClientNetwork
    private let onDelivery: (Delivery) -> Void
    var topics: [Topic] = []
    private var topicPositions: [String: Int] = [:]
    private var lastTopic = 0
    var partitions: [ProducerPartition] = []
    var lanes = ProducerLanes()
    var deliveries: [Delivery] = []
    /// Nil before the first batch, and always without idempotence.
    var identity: ProducerIdentity?
    /// The sequence numbers of `identity` cannot go on: see `renewIdentity`.
    var needsNewIdentity = false
    var identityRetryAt: UInt64 = 0
    var needsLeaders = false
    var leadersRetryAt: UInt64 = 0
    var leaderFailures = 0
    /// Why the last attempt at anything failed, for records that run out of time.
    var lastTrouble = "no answer"
    private var nextTicket: UInt64 = 0
    private var nextPumpAt: UInt64 = 0
    private var bufferedBytes = 0
    var isFlushing = false
    /// Records accepted and not yet delivered.
    public private(set) var pendingRecords = 0

    private static let pumpInterval: UInt64 = 500_000

    /// `onDelivery` is called once for every record, inside `send`, `poll`, `flush` or `close`.
    public convenience init(
        bootstrap: [BrokerAddress], settings: ProducerSettings = ProducerSettings(),
        onDelivery: @escaping (Delivery) -> Void = { _ in }
    ) throws(HoldfastError) {
        try self.init(bootstrap: bootstrap, settings: settings, network: SystemNetwork(), onDelivery: onDelivery)
    }

    package init(
        bootstrap: [BrokerAddress], settings: ProducerSettings, network: any ClientNetwork,
        onDelivery: @escaping (Delivery) -> Void
    ) throws(HoldfastError) {
        self.settings = settings
        self.network = network
        self.onDelivery = onDelivery
        cluster = try ClusterClient(bootstrap: bootstrap, settings: settings.client, network: network)
    }

    // MARK: Sending

    /// Accepts a record and returns its ticket, by which `onDelivery` will name it. Waits only for the topic's
    /// partitions to be known and for room in the buffer.
    /// - Parameters:
    ///   - partition: nil leaves the choice to the key (as Kafka's Java client chooses), or without one spreads batches
    ///     over the partitions.
    ///   - timestampMilliseconds: since 1970; nil takes the clock's.
    @discardableResult
    public func send(
        topic: String, partition: Int32? = nil, key: [UInt8]? = nil, value: [UInt8]?,
        headers: [(name: String, value: [UInt8]?)] = [], timestampMilliseconds: Int64? = nil
    ) throws(HoldfastError) -> UInt64 {
        try send(
            topic: topic, partition: partition, key: key.map { ByteSlice($0) }, value: value.map { ByteSlice($0) },
            headers: headers.map { RecordHeader(name: $0.name, value: $0.value.map { ByteSlice($0) }) },
            timestampMilliseconds: timestampMilliseconds)
    }

    /// The same for bytes that are already in shared memory.
    @discardableResult
    package func send(
        topic name: String, partition: Int32? = nil, key: ByteSlice?, value: ByteSlice?,
        headers: [RecordHeader] = [], timestampMilliseconds: Int64? = nil
    ) throws(HoldfastError) -> UInt64 {
        let topic = try topicPosition(name)
        let number = try choosePartition(topic, partition, key)
        let position = topics[topic].partitions[number]
        let size = Self.sizeBound(key, value, headers)
        guard size <= 1 << 30 else { throw .invalidArgument("a record of \(size) bytes is too large") }
        try waitForRoom(size)
        let ticket = nextTicket
        nextTicket += 1
        pendingRecords += 1
        var isClosed = false
        if let open = partitions[position].open, open.builder.byteCount + size > settings.batchBytes {
            close(position)
            isClosed = true
        }
        let now = network.monotonicNanoseconds
        append(
            position, ticket, key, value, headers, timestampMilliseconds ?? network.wallMilliseconds, now)
        if let open = partitions[position].open,
            open.builder.byteCount >= settings.batchBytes || open.tickets.count >= settings.batchRecords
        {
            close(position)
            isClosed = true
        }
        if isClosed || now >= nextPumpAt { pump(wait: 0) }
        return ticket
    }

    private func append(
        _ position: Int, _ ticket: UInt64, _ key: ByteSlice?, _ value: ByteSlice?, _ headers: [RecordHeader],
        _ timestamp: Int64, _ now: UInt64
    ) {
        var before = 0
        if partitions[position].open == nil {
            let capacity = min(settings.batchBytes, 16 << 10)
            partitions[position].open = .init(builder: RecordBatchBuilder(capacity: capacity), createdAt: now)
        } else {
            before = partitions[position].open?.builder.byteCount ?? 0
        }
        partitions[position].open?.builder.append(key: key, value: value, headers: headers, timestamp: timestamp)
        partitions[position].open?.tickets.append(ticket)
        bufferedBytes += (partitions[position].open?.builder.byteCount ?? 0) - before
    }

    /// Closes the open batch of a partition; the next records without a key go elsewhere.
    func close(_ position: Int) {
        partitions[position].closeOpen(position: position)
        let topic = partitions[position].topic
        if topics[topic].sticky == Int(partitions[position].number) { topics[topic].sticky += 1 }
    }

    private func choosePartition(
        _ topic: Int, _ wanted: Int32?, _ key: ByteSlice?
    ) throws(HoldfastError) -> Int {
        let count = topics[topic].partitions.count
        if let wanted {
            guard wanted >= 0, Int(wanted) < count else {
                throw .invalidArgument(
                    "topic '\(topics[topic].name)' has no partition \(wanted), only 0 to \(count - 1)")
            }
            return Int(wanted)
        }
        if let key { return Partitioner.partition(forKey: key, count: count) }
        if topics[topic].sticky >= count { topics[topic].sticky = 0 }
        return topics[topic].sticky
    }

    private func topicPosition(_ name: String) throws(HoldfastError) -> Int {
        if lastTopic < topics.count && topics[lastTopic].name == name { return lastTopic }
        if let known = topicPositions[name] {
            lastTopic = known
            return known
        }
        let described = try cluster.topic(name, createsTopics: settings.createsTopics)
        guard !described.partitions.isEmpty else { throw .malformed("topic '\(name)' has no partitions") }
        topics.append(Topic(name: name, nameBytes: ByteSlice(utf8: name)))
        topics[topics.count - 1].sticky = Int(network.random() % UInt64(described.partitions.count))
        topicPositions[name] = topics.count - 1
        lastTopic = topics.count - 1
        addPartitions(to: lastTopic)
        return lastTopic
    }

    /// Takes in partitions that the metadata has and the topic does not yet have here.
    func addPartitions(to topic: Int) {
        let count = cluster.metadata.topics[topics[topic].name]?.partitions.count ?? 0
        while topics[topic].partitions.count < count {
            let number = Int32(topics[topic].partitions.count)
            topics[topic].partitions.append(partitions.count)
            partitions.append(ProducerPartition(topic: topic, number: number))
        }
    }

    private static func sizeBound(_ key: ByteSlice?, _ value: ByteSlice?, _ headers: [RecordHeader]) -> Int {
        // Lengths, deltas and counts of a record take at most 31 bytes, of a header 10.
        var size = 31 + (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { size += 10 + header.name.utf8.count + (header.value?.count ?? 0) }
        return size
    }

    private func waitForRoom(_ size: Int) throws(HoldfastError) {
        guard bufferedBytes + size > settings.bufferBytes, pendingRecords > 0 else { return }
        let deadline = cluster.operationDeadline
        while bufferedBytes + size > settings.bufferBytes && pendingRecords > 0 {
            guard network.monotonicNanoseconds < deadline else {
                throw .timedOut(operation: "waiting for room in the producer's buffer", reason: lastTrouble)
            }
            pump(wait: 50_000_000)
        }
    }

    // MARK: Waiting

    /// Sends what is due and takes answers; waits at most that long for the first delivery, and not at all when nothing
    /// is pending.
    public func poll(timeoutMilliseconds: Int = 0) {
        let end = network.monotonicNanoseconds &+ UInt64(max(timeoutMilliseconds, 0)) * 1_000_000
        let before = pendingRecords
        pump(wait: 0)
        while pendingRecords > 0 && pendingRecords == before {
            let now = network.monotonicNanoseconds
            if now >= end { return }
            pump(wait: end - now)
        }
    }

    /// Sends everything and waits until every record is delivered or has failed, which it has at the latest after
    /// `ProducerSettings.deliveryTimeoutMilliseconds`.
    public func flush() {
        while pendingRecords > 0 { flush(forMilliseconds: 1_000) }
    }

    /// Sends everything and waits for at most that long.
    public func flush(forMilliseconds milliseconds: Int) {
        let end = network.monotonicNanoseconds &+ UInt64(max(milliseconds, 0)) * 1_000_000
        isFlushing = true
        defer { isFlushing = false }
        repeat { pump(wait: 50_000_000) } while pendingRecords > 0 && network.monotonicNanoseconds < end
    }

    /// Flushes and gives up the connections.
    public func close() {
        flush()
        lanes = ProducerLanes()
    }

    /// One round: answers in, requests out, and then up to `wait` nanoseconds for one more answer.
    private func pump(wait: UInt64) {
        takeAnswers()
        let now = network.monotonicNanoseconds
        dropSilentLanes(now)
        expire(now)
        renewIdentity(now)
        refreshLeaders(now)
        sendReady(now)
        nextPumpAt = now &+ Self.pumpInterval
        if wait > 0 && pendingRecords > 0 && deliveries.isEmpty { waitForAnswer(wait) }
        deliver()
    }

    private func deliver() {
        guard !deliveries.isEmpty else { return }
        let done = deliveries
        deliveries = []
        for delivery in done { onDelivery(delivery) }
    }

    /// The end of a batch.
    func finish(_ batch: ProducerBatch, _ outcome: (Int) -> Delivery.Outcome) {
        let partition = partitions[batch.partition]
        let topic = topics[partition.topic].name
        for (position, ticket) in batch.tickets.enumerated() {
            deliveries.append(Delivery(
                ticket: ticket, topic: topic, partition: partition.number, outcome: outcome(position)))
        }
        pendingRecords -= batch.tickets.count
        bufferedBytes -= batch.bytes.count
    }
}
