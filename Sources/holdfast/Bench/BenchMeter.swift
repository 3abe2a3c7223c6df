import SystemIO

/// Counts what is done, tells of it once per second on standard error, and sums it up.
final class BenchMeter {
    private let verb: String
    private let started = SystemClock.monotonicNanoseconds
    private var lastReport: (at: UInt64, records: Int)
    private let latencies = LogLinearHistogram()
    private(set) var records = 0
    private(set) var bytes = 0

    init(_ verb: String) {
        self.verb = verb
        lastReport = (started, 0)
    }

    func count(bytes added: Int) {
        records += 1
        bytes += added
    }

    func record(latency nanoseconds: UInt64) { latencies.record(nanoseconds) }

    /// To be called often; prints at most once per second.
    func report() {
        let now = SystemClock.monotonicNanoseconds
        guard now - lastReport.at >= 1_000_000_000 else { return }
        let rate = Double(records - lastReport.records) / seconds(now - lastReport.at)
        let elapsed = Figures.fixed(seconds(now - started), 0)
        Console.error(
            "\(elapsed) s: \(Figures.grouped(records)) records \(verb), now \(Figures.grouped(Int(rate))) records/s")
        lastReport = (now, records)
    }

    /// Throughput (a megabyte is 10^6 bytes of values), then the latency table.
    func summary(of what: String) -> String {
        let took = max(seconds(SystemClock.monotonicNanoseconds - started), 1e-9)
        let rate = Figures.grouped(Int(Double(records) / took))
        let megabytes = Figures.fixed(Double(bytes) / took / 1e6, 1)
        let line = "\(Figures.grouped(records)) records \(verb) in \(Figures.fixed(took, 2)) s: "
            + "\(rate) records/s, \(megabytes) MB/s\n"
        let snapshot = latencies.snapshot()
        let columns: [(String, UInt64)] = [
            ("p50", snapshot.quantile(perMille: 500)), ("p90", snapshot.quantile(perMille: 900)),
            ("p99", snapshot.quantile(perMille: 990)), ("p99.9", snapshot.quantile(perMille: 999)),
            ("max", snapshot.maximum),
        ]
        return line + "\n" + TextTable(rows: [
            [what] + columns.map(\.0), ["latency"] + columns.map { Figures.milliseconds($0.1) },
        ]).text
    }

    private func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}
