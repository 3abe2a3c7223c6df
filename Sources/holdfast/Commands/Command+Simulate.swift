import Planted
import Simulator

extension Command {
    static let simulate = Command(
        "simulate", "run whole clusters in simulated time, with faults, and check what clients see",
        flags: [
            Flag("seed", "N", "run this seed alone and print what happens"),
            Flag("seeds", "A..B", "run these seeds, both included"),
            Flag("jobs", "N", "threads of a campaign", default: "2"),
            Flag("stop-after", "N", "failing seeds after which a campaign ends", default: "10"),
            Flag(switch: "require-coverage", "fail unless every fault took effect in some seed"),
            Flag(switch: "twice", "run every seed twice and compare: the same seed must give the same run"),
            Flag("link-graph", "N", "run one of these alone and print what happens"),
            Flag(switch: "link-graphs", "run every directed link graph of three nodes with every leader"),
        ] + plantFlags,
        details: """
            A run is one seed: three or five nodes, their disks, links, clocks and clients in one thread on a virtual
            clock. The same seed gives the same run, to the byte. First everything goes on under faults, then a healthy
            majority alone must serve, then all that is left must agree. The checks are the invariants of the
            simulator's documentation. Exits with 1 if a seed fails, and prints the command that replays it.
            """
    ) { arguments throws(CommandFailure) in
        #if DEBUG
        if arguments.has("plant") { Planted.bug = try arguments.choice("plant", PlantedBug.self) }
        #endif
        if arguments.has("link-graphs") { return try linkGraphs() }
        if arguments.has("link-graph") {
            return try replay(graph: try arguments.integer("link-graph", in: 0...LinkGraphRun.count - 1))
        }
        switch (arguments.optional("seed"), arguments.optional("seeds")) {
        case (let seed?, nil): return try replay(try number(seed))
        case (nil, let seeds?):
            let campaign = Campaign(
                seeds: try range(seeds), jobs: try arguments.integer("jobs", in: 1...64),
                maximumFailures: try arguments.integer("stop-after", in: 1...1_000_000),
                requiresCoverage: arguments.has("require-coverage"), runsTwice: arguments.has("twice"))
            return try campaign.run()
        default: throw .usage("give one of --seed, --seeds, --link-graph and --link-graphs")
        }
    }

    #if DEBUG
    private static let plantFlags = [Flag("plant", "BUG", "with one of the known defects, which the checks must find")]
    #else
    private static let plantFlags: [Flag] = []
    #endif

    private static func linkGraphs() throws(CommandFailure) -> Int32 {
        var failures = 0
        for number in 0..<LinkGraphRun.count {
            guard let violation = LinkGraphRun(number: number).run() else { continue }
            failures += 1
            try Output.printAll("link graph \(number): FAILED: \(violation)\n")
            try Output.printAll("replay: holdfast simulate --link-graph \(number)\n")
        }
        try Output.printAll("\(LinkGraphRun.count) link graphs, \(failures) failed\n")
        return failures == 0 ? 0 : 1
    }

    private static func number(_ text: String) throws(CommandFailure) -> UInt64 {
        guard let number = UInt64(text) else { throw .usage("'\(text)' is no seed: a number from 0 to 2^64 - 1") }
        return number
    }

    private static func range(_ text: String) throws(CommandFailure) -> ClosedRange<UInt64> {
        let sides = text.split(separator: ".", omittingEmptySubsequences: false)
        guard sides.count == 3, sides[1].isEmpty, let first = UInt64(sides[0]), let last = UInt64(sides[2]),
            first <= last, last < UInt64.max
        else { throw .usage("--seeds '\(text)' is no range such as 1..1000") }
        return first...last
    }

    private static func replay(graph number: Int) throws(CommandFailure) -> Int32 {
        let transcript = Transcript()
        let violation = LinkGraphRun(number: number).run { transcript.add($0, $1, $2, $3) }
        if let failure = transcript.failure { throw failure }
        try Output.printAll("link graph \(number): " + (violation.map { "FAILED: \($0)" } ?? "passed") + "\n")
        return violation == nil ? 0 : 1
    }

    /// One run, line by line: when, who, what.
    private static func replay(_ seed: UInt64) throws(CommandFailure) -> Int32 {
        let transcript = Transcript()
        let simulation = Simulation(plan: SimulationPlan(seed: seed)) { transcript.add($0, $1, $2, $3) }
        let result = simulation.run()
        if let failure = transcript.failure { throw failure }
        try Output.printAll(CampaignReport.describe(result))
        return result.violation == nil ? 0 : 1
    }
}

/// The trace of a replayed run, in columns.
private final class Transcript {
    private(set) var failure: CommandFailure?

    func add(_ time: UInt64, _ who: String, _ what: String, _ detail: String) {
        guard failure == nil else { return }
        let microseconds = "\(time % 1_000_000)"
        let fraction = String(repeating: "0", count: 6 - microseconds.count) + microseconds
        let clock = "\(time / 1_000_000).\(fraction)"
        let columns = [(clock, 11, true), (who, 10, false), (what, 26, false)].map { text, width, isRight in
            let padding = String(repeating: " ", count: max(0, width - text.count))
            return isRight ? padding + text : text + padding
        }
        do {
            try Output.printAll(columns.joined(separator: "  ") + "  " + detail + "\n")
        } catch {
            failure = error
        }
    }
}
