import KafkaGateway
import Node
import Testing

@testable import Simulator

/// A campaign plays a hundred thousand runs in one process.
struct MemoryTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func aRunLeavesNothingBehind(_ seed: UInt64) {
        weak var node: Node?
        weak var gateway: KafkaGateway?
        weak var disk: SimulatedDisk?
        do {
            let simulation = Simulation(plan: SimulationPlan(seed: seed))
            _ = simulation.run()
            let machine = simulation.machines[0]
            (node, gateway, disk) = (machine.node, machine.gateway, machine.disk)
            #expect(node != nil && gateway != nil && disk != nil)
        }
        #expect(node == nil && gateway == nil && disk == nil)
    }
}
