import Raft
import Testing

/// Random schedules with loss, duplicates, reordering, cuts, crashes, slow disks, snapshots and transfers. A failing
/// seed is a defect; it is never run again until it passes.
@Suite struct SimulationTests {
    private func run(_ seeds: Range<UInt64>, _ options: Simulation.Options) -> [String: Int] {
        var total: [String: Int] = [:]
        for seed in seeds {
            let simulation = Simulation(seed: seed, options: options)
            simulation.run()
            #expect(simulation.checks.failures == [], "seed \(seed)")
            total.merge(simulation.fired, uniquingKeysWith: +)
            if !simulation.checks.failures.isEmpty { break }
        }
        return total
    }

    @Test func threeMembersStaySafeAndRecover() {
        let fired = run(1..<200, Simulation.Options(voters: 3))
        for event in ["truncate", "install", "read ready", "read failed", "transfer", "crash", "power loss", "leader"] {
            #expect(fired[event, default: 0] > 20, "\(event): \(fired)")
        }
    }
    @Test func fiveMembersStaySafeAndRecover() {
        _ = run(1000..<1200, Simulation.Options(voters: 5))
    }
    @Test func membershipChangesStaySafeAndRecover() {
        let fired = run(5000..<5100, Simulation.Options(voters: 3, learners: 2, changesMembership: true))
        #expect(fired["membership", default: 0] > 50, "\(fired)")
    }
}
