import Bytes

@testable import HoldfastClient

/// A producer on a fake cluster, and what it delivered.
final class ProducerHarness {
    let cluster: FakeCluster
    let network: FakeNetwork
    private(set) var outcomes: [UInt64: Delivery.Outcome] = [:]
    private(set) var deliveries: [Delivery] = []
    private(set) var producer: HoldfastProducer!

    init(
        _ cluster: FakeCluster = FakeCluster(), _ change: (inout ProducerSettings) -> Void = { _ in }
    ) throws {
        self.cluster = cluster
        network = FakeNetwork(cluster)
        var settings = ProducerSettings()
        change(&settings)
        producer = try HoldfastProducer(
            bootstrap: FakeCluster.bootstrap, settings: settings, network: network
        ) { [unowned self] delivery in
            outcomes[delivery.ticket] = delivery.outcome
            deliveries.append(delivery)
        }
    }

    @discardableResult
    func send(_ value: String, key: String? = nil, partition: Int32? = nil) throws -> UInt64 {
        try producer.send(
            topic: "t", partition: partition, key: key.map { Array($0.utf8) }, value: Array(value.utf8))
    }
}
