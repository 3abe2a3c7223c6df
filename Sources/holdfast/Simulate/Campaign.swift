import Simulator
import Synchronization
import SystemIO

/// Many seeds, on several threads: each run is confined to one.
struct Campaign: Sendable {
    let seeds: ClosedRange<UInt64>
    let jobs: Int
    /// Failing seeds after which it stops: one usually shows what the others would.
    let maximumFailures: Int
    let requiresCoverage: Bool
    let runsTwice: Bool

    private final class Shared: Sendable {
        let state: Mutex<(next: UInt64?, report: CampaignReport)>

        init(first: UInt64) { state = Mutex((first, CampaignReport())) }
    }

    func run() throws(CommandFailure) -> Int32 {
        let start = SystemClock.monotonicNanoseconds
        func seconds() -> Double { Double(SystemClock.monotonicNanoseconds - start) / 1e9 }
        let shared = Shared(first: seeds.lowerBound)
        let campaign = self
        var threads: [WorkerThread] = []
        do {
            try ProcessTraps.announce()
            for number in 0..<jobs {
                threads.append(try WorkerThread("simulate-\(number)") { campaign.work(shared) })
            }
        } catch {
            throw .failed(error.description)
        }
        var shown = 0.0
        while !isDone(shared) {
            SystemClock.sleep(nanoseconds: 100_000_000)
            guard seconds() - shown >= 5 else { continue }
            shown = seconds()
            let line = shared.state.withLock { $0.report.progress(of: total, seconds: shown) }
            Console.error(line)
        }
        for thread in threads { thread.join() }
        let report = shared.state.withLock { $0.report }
        return try conclude(report, seconds: seconds())
    }

    private var total: UInt64 { seeds.upperBound - seeds.lowerBound + 1 }

    private func isDone(_ shared: Shared) -> Bool {
        shared.state.withLock { $0.next == nil }
    }

    private func work(_ shared: Shared) {
        let last = seeds.upperBound
        while true {
            let seed = shared.state.withLock { state -> UInt64? in
                guard let next = state.next else { return nil }
                state.next = next < last ? next + 1 : nil
                return next
            }
            guard let seed else { return }
            ProcessTraps.note("seed \(seed) of the simulation")
            var result = Simulation(plan: SimulationPlan(seed: seed)).run()
            if runsTwice { result.compare(with: Simulation(plan: SimulationPlan(seed: seed)).run()) }
            shared.state.withLock { state in
                state.report.add(result)
                if state.report.failures.count >= maximumFailures { state.next = nil }
            }
        }
    }

    private func conclude(_ report: CampaignReport, seconds: Double) throws(CommandFailure) -> Int32 {
        var output = Output()
        try output.write(report.summary(seconds: seconds, jobs: jobs))
        for failure in report.failures.sorted(by: { $0.seed < $1.seed }) {
            try output.write("\n" + CampaignReport.describe(failure))
            try output.write("replay: holdfast simulate --seed \(failure.seed)\n")
        }
        if requiresCoverage, !report.missing.isEmpty {
            let names = report.missing.map(\.rawValue).joined(separator: ", ")
            try output.write("\nnever fired: \(names)\n")
        }
        try output.flush()
        return report.failures.isEmpty && (!requiresCoverage || report.missing.isEmpty) ? 0 : 1
    }
}
