import Bytes
import KafkaWire
import Simulator
import Testing

/// Producers on three nodes whose links break at random: what was acknowledged is there, at its offset, and what an
/// idempotent producer sent again is there once.
struct WorkloadTests {
    /// One producer: sends values in order, one or several at a time, again and again until each is acknowledged.
    private final class Producer {
        let name: String
        let identity: Int64?
        private var client: TestClient?
        private var inFlight: [Int] = []
        private var next = 0
        /// It was told of an error, and looks for the leader.
        private(set) var isLost = true
        /// Sequence numbers start anew with every producer, so value n has sequence n.
        private(set) var acknowledged: [Int: Int64] = [:]

        init(name: String, identity: Int64?) {
            self.name = name
            self.identity = identity
        }

        func value(_ number: Int) -> String { "\(name)-\(number)" }

        /// Connects anew, and sends what is not acknowledged from the first on.
        func connect(to client: TestClient) {
            self.client?.disconnect()
            self.client = client
            inFlight = []
            isLost = false
            next = 0
            while acknowledged[next] != nil { next += 1 }
        }

        func send(upTo limit: Int) throws {
            guard let client, !isLost else { return }
            while inFlight.count < 5, next < limit {
                let batch = ByteSlice.batch(
                    [value(next)], producer: identity ?? -1, epoch: identity == nil ? -1 : 0,
                    sequence: identity == nil ? -1 : Int32(next))
                try client.send(.one(batch, to: "t", acks: -1, timeoutMs: 300))
                inFlight.append(next)
                next += 1
            }
        }

        func receive() throws {
            guard let client else { return }
            while !isLost, client.connection.frameCount > 0 {
                let number = inFlight.removeFirst()
                let answer = try client.receive(ProduceResponse.self).partitions[0]
                guard answer.errorCode == .none else {
                    let isExpected = answer.errorCode.isRetriable || answer.errorCode == .outOfOrderSequenceNumber
                    #expect(isExpected, "\(answer.errorCode.name)")
                    isLost = true
                    return
                }
                if let before = acknowledged[number], identity != nil { #expect(before == answer.baseOffset) }
                acknowledged[number] = answer.baseOffset
            }
        }
    }

    private static let valueCount = 200

    @Test(arguments: [UInt64(1), 2, 5, 6]) func acknowledgedRecordsStay(seed: UInt64) throws {
        let cluster = try TestCluster.ready(nodes: 3, seed: seed)
        let admin = try cluster.connect()
        try admin.create("t")
        var producers = [Producer(name: "plain", identity: nil)]
        for number in 0..<3 {
            let identity: InitProducerIdResponse = try admin.call(
                InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
            producers.append(Producer(name: "idempotent\(number)", identity: identity.producerId))
        }
        let random = SeededEntropy(seed: seed &* 77)
        for step in 0..<600 {
            try advance(cluster, producers, upTo: min(step / 3, Self.valueCount))
            disturb(cluster, random)
            cluster.run(milliseconds: Int(random.next() % 4) * 10)
        }
        try finish(cluster, producers)
        // A run in which nothing went wrong shows nothing.
        #expect(cluster.gateways.contains { $0.node.replica.term > 3 })
        #expect(cluster.gateways.contains { $0.metrics.produceErrors > 10 })
        let stored = try storedValues(cluster)
        for producer in producers {
            #expect(producer.acknowledged.count == Self.valueCount)
            for (number, offset) in producer.acknowledged {
                #expect(stored[Int(offset)] == producer.value(number), "offset \(offset)")
            }
            guard producer.identity != nil else { continue }
            let isOnce = stored.filter { $0.hasPrefix(producer.name) } == (0..<Self.valueCount).map(producer.value)
            #expect(isOnce, "\(producer.name)")
        }
    }

    private func advance(_ cluster: TestCluster, _ producers: [Producer], upTo limit: Int) throws {
        for producer in producers {
            try producer.receive()
            if producer.isLost, cluster.leader != nil { producer.connect(to: try cluster.connect()) }
            try producer.send(upTo: limit)
        }
    }

    /// Cuts, heals, hands over, or lets the log flow without the clients noticing.
    private func disturb(_ cluster: TestCluster, _ random: SeededEntropy) {
        switch random.next() % 100 {
        case 0...2: cluster.isolate(Int(random.next() % 3))
        case 3...4: for position in 0..<3 { cluster.isolate(position, false) }
        case 5: for gateway in cluster.gateways { gateway.node.beginHandOver() }
        case 6...40: cluster.turn()
        default: break
        }
    }

    private func finish(_ cluster: TestCluster, _ producers: [Producer]) throws {
        for position in 0..<3 { cluster.isolate(position, false) }
        for _ in 0..<200 where producers.contains(where: { $0.acknowledged.count < Self.valueCount }) {
            cluster.run(milliseconds: 50)
            try advance(cluster, producers, upTo: Self.valueCount)
        }
    }

    private func storedValues(_ cluster: TestCluster) throws -> [String] {
        try cluster.elect()
        let client = try cluster.connect()
        let end = try client.offset(of: -1, in: "t").offset
        var values: [String] = []
        while values.count < Int(end) {
            let records = try client.fetch("t", from: Int64(values.count)).allRecords()
            guard let first = records.first, first.offset <= Int64(values.count) else {
                throw TestFailure("nothing at offset \(values.count) of \(end)")
            }
            values += records.dropFirst(values.count - Int(first.offset)).map { $0.value?.text ?? "" }
        }
        return values
    }
}
