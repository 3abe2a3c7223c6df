import Bytes
import KafkaGateway
import KafkaWire
import Node
import Ports
import Simulator

/// Nodes in memory with their Kafka doors. Nothing happens unless a test asks for it.
final class TestCluster {
    let cluster: SimulatedCluster
    private(set) var gateways: [KafkaGateway] = []

    init(
        nodes: Int = 1, seed: UInt64 = 7, node: (inout NodeSettings) -> Void = { _ in },
        kafka: (inout KafkaSettings) -> Void = { _ in }
    ) throws {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 << 10
        node(&settings)
        cluster = try SimulatedCluster(count: nodes, seed: seed, settings: settings)
        var kafkaSettings = KafkaSettings()
        for member in cluster.members {
            kafkaSettings.endpoints[member.id] = KafkaEndpoint(
                host: "node\(member.id)", port: 9000 + Int32(member.id.rawValue))
        }
        kafka(&kafkaSettings)
        for member in cluster.members {
            guard let node = member.node else { throw TestFailure("node \(member.id) is down") }
            let gateway = KafkaGateway(node: node, settings: kafkaSettings)
            node.replica.onApplied = { [unowned gateway] in gateway.onApplied() }
            node.replica.onRoleChange = { [unowned gateway] _ in gateway.onRoleChange() }
            gateways.append(gateway)
        }
    }

    /// With a leader that takes requests.
    static func ready(
        nodes: Int = 1, seed: UInt64 = 7, node: (inout NodeSettings) -> Void = { _ in },
        kafka: (inout KafkaSettings) -> Void = { _ in }
    ) throws -> TestCluster {
        let cluster = try TestCluster(nodes: nodes, seed: seed, node: node, kafka: kafka)
        _ = try cluster.elect()
        return cluster
    }

    /// Lets time pass until a leader takes requests; returns its position.
    @discardableResult func elect() throws -> Int {
        for _ in 0..<500 {
            if let leader = leader { return leader }
            run(milliseconds: 10)
        }
        throw TestFailure("no leader was elected")
    }

    /// Position of the one node that takes requests.
    var leader: Int? {
        let ready = gateways.indices.filter { gateways[$0].node.replica.admission != nil }
        return ready.count == 1 ? ready[0] : nil
    }

    func connect(to position: Int? = nil) throws -> TestClient {
        guard let position = position ?? leader else { throw TestFailure("no leader to connect to") }
        return TestClient(self, gateways[position], disk: cluster.members[position].disk)
    }

    /// All disk work and frames are done, all responses sent. Time stands still.
    func settle() {
        var frames = -1
        while frames != cluster.network.deliveredFrames || cluster.members.contains(where: { !$0.queue.isIdle }) {
            frames = cluster.network.deliveredFrames
            cluster.settle()
            for gateway in gateways { gateway.endTurn() }
        }
    }

    /// Ends the turn everywhere, but no disk and no frame moves.
    func turn() {
        for gateway in gateways {
            gateway.node.endTurn()
            gateway.endTurn()
        }
    }

    func run(milliseconds: Int) {
        for _ in 0..<milliseconds / 10 {
            cluster.run(milliseconds: 10)
            for gateway in gateways { gateway.tick() }
            settle()
        }
    }

    /// Time passes, but disks and links stand still.
    func stall(milliseconds: UInt64) {
        cluster.clock.advance(milliseconds: milliseconds)
        for gateway in gateways { gateway.tick() }
        turn()
    }

    /// Cuts the node at `position` off from all others.
    func isolate(_ position: Int, _ isIsolated: Bool = true) {
        let own = cluster.members[position].id
        for other in cluster.members where other.id != own { cluster.network.setLink(own, other.id, up: !isIsolated) }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
