import Simulator

/// What the runs of a campaign came to.
struct CampaignReport {
    private(set) var runs = 0
    private(set) var failures: [SimulationResult] = []
    private var coverage = Coverage()
    private var simulated: UInt64 = 0
    private var acknowledged = 0
    private var elections = 0
    private var events = 0
    private var recoveries: [UInt64] = []

    mutating func add(_ result: SimulationResult) {
        runs += 1
        coverage.add(result.coverage)
        simulated += result.simulated
        acknowledged += result.acknowledged
        elections += result.elections
        events += result.events
        if result.violation == nil { recoveries.append(result.recovery) } else { failures.append(result) }
    }

    var missing: [FaultClass] { coverage.missing }

    func progress(of total: UInt64, seconds: Double) -> String {
        "\(runs) of \(total) seeds, \(Figures.fixed(Double(runs) / max(seconds, 0.001), 1)) per second, "
            + "\(Figures.fixed(Double(simulated) / 1e6 / max(seconds, 0.001), 0)) simulated seconds per second, "
            + "\(failures.count) failed"
    }

    func summary(seconds: Double, jobs: Int) -> String {
        var rows = FaultClass.allCases.map { ["  \($0.rawValue)", "\(coverage[$0])"] }
        rows.insert(["fault", "fired"], at: 0)
        let sorted = recoveries.sorted()
        let rate = Double(simulated) / 1e6 / max(seconds, 0.001)
        return TextTable(rows: rows).text + "\n" + TextTable(rows: [
            ["seeds", Figures.grouped(runs)],
            ["events", Figures.grouped(events)],
            ["simulated seconds", Figures.grouped(Int(simulated / 1_000_000))],
            ["simulated seconds per second and job", Figures.fixed(rate / Double(jobs), 0)],
            ["elections", Figures.grouped(elections)],
            ["acknowledged values", Figures.grouped(acknowledged)],
            ["recovery after the last fault, median", Self.milliseconds(sorted, 50)],
            ["recovery after the last fault, 99 %", Self.milliseconds(sorted, 99)],
            ["violations", "\(failures.count)"],
        ]).text
    }

    private static func milliseconds(_ sorted: [UInt64], _ percent: Int) -> String {
        sorted.isEmpty ? "-" : "\(sorted[(sorted.count - 1) * percent / 100] / 1000) ms"
    }

    /// One run on one line.
    static func describe(_ result: SimulationResult) -> String {
        let hash = String(result.eventHash, radix: 16)
        let verdict = result.violation.map { "FAILED: \($0)" } ?? "passed"
        return "seed \(result.seed): \(verdict); \(result.events) events, \(result.simulated / 1_000_000) s simulated, "
            + "\(result.acknowledged) values acknowledged, event hash \(hash)\n"
    }
}
