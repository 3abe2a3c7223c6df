import Bytes
import Ports

/// A node's end of its links in a simulation.
final class LinkEnd: Transport {
    var deliver: ((TransportEvent) -> Void)?
    /// By machine number: the connection this end believes in.
    var connections: [Int?]
    private let machine: Int
    private unowned let simulation: Simulation

    init(machine: Int, simulation: Simulation) {
        self.machine = machine
        self.simulation = simulation
        connections = Array(repeating: nil, count: simulation.machines.count)
    }

    func send(_ pieces: [ByteSlice], to peer: NodeID) -> Bool {
        let target = Int(peer.rawValue) - 1
        guard connections.indices.contains(target), let connection = connections[target] else { return false }
        var writer = ByteWriter(capacity: pieces.reduce(0) { $0 + $1.count })
        for piece in pieces { writer.bytes(piece) }
        simulation.send(writer.finish(), from: machine, to: target, over: connection)
        return true
    }
}
