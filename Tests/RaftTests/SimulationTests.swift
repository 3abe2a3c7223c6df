import Foundation
import Raft
import Testing

/// Random schedules with loss, duplicates, reordering, cuts, crashes, slow disks, snapshots and transfers. A failing
/// seed is a defect; it is never run again until it passes.
@Suite struct SimulationTests {
    /// `HOLDFAST_SEEDS=20` runs twenty times as many seeds.
    private func run(_ count: UInt64, from first: UInt64, _ options: Simulation.Options) -> [String: Int] {
        var total: [String: Int] = [:]
        let factor = ProcessInfo.processInfo.environment["HOLDFAST_SEEDS"].flatMap { UInt64($0) } ?? 1
        for seed in first..<first + count * factor {
            let simulation = Simulation(seed: seed, options: options)
            simulation.run()
            #expect(simulation.checks.failures == [], "seed \(seed)")
            total.merge(simulation.fired, uniquingKeysWith: +)
            if !simulation.checks.failures.isEmpty { break }
        }
        return total
    }

    @Test func threeMembersStaySafeAndRecover() {
        let fired = run(160, from: 1, Simulation.Options(voters: 3))
        for event in ["truncate", "install", "read ready", "read failed", "transfer", "crash", "power loss", "leader"] {
            #expect(fired[event, default: 0] > 20, "\(event): \(fired)")
        }
    }

    @Test func fiveMembersStaySafeAndRecover() {
        _ = run(120, from: 1_000_000, Simulation.Options(voters: 5))
    }

    @Test func membershipChangesStaySafeAndRecover() {
        let fired = run(100, from: 2_000_000, Simulation.Options(voters: 3, learners: 2, changesMembership: true))
        let expected = [
            "addLearner accepted", "promote accepted", "remove accepted", "restate accepted", "notReady refused",
            "pending refused", "notCaughtUp refused", "noQuorum refused", "transferring refused",
        ]
        for event in expected { #expect(fired[event, default: 0] > 3, "\(event): \(fired)") }
    }
}
