import CSystem
import Glibc
import Testing

@testable import SystemIO

@Suite struct ObservabilityTests {
    /// The lines `body` logs.
    private func lines(_ level: LogLevel = .info, node: UInt32? = 1, _ body: (LineLogger) -> Void) throws -> [String] {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        body(LineLogger(node: node, level: level, descriptor: ends[1]))
        close(ends[1])
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ends[0], &chunk, chunk.count)
            if count <= 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        close(ends[0])
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func aLineHasTimeLevelNodeEventAndFields() throws {
        let written = try lines { $0.info("became leader", ["term": 3, "peer": "10.0.0.1:9092", "reason": ""]) }
        let line = try #require(written.first)
        #expect(written.count == 1)
        #expect(line.dropFirst(24) == " INFO node=1 event=\"became leader\" term=3 peer=10.0.0.1:9092 reason=\"\"")
        #expect(line.prefix(24).last == "Z")
    }

    @Test func wireBytesCannotForgeALine() throws {
        let evil = "x\n2026-01-01T00:00:00.000Z INFO node=1 event=\"all good\"\r\t\u{1b}[2K\\\u{85}\u{2028}\u{202e}"
        let written = try lines { $0.warning("bad client", ["id": evil]) }
        #expect(written.count == 1)
        let line = try #require(written.first)
        let expected =
            #"id="x\n2026-01-01T00:00:00.000Z INFO node=1 event=\"all good\""#
            + #"\r\t\u{1b}[2K\\\u{85}\u{2028}\u{202e}""#
        #expect(line.hasSuffix(expected))
    }

    @Test func linesBelowTheLevelAreNotEvenBuilt() throws {
        var built = 0
        func field() -> Int {
            built += 1
            return 1
        }
        let written = try lines(.warning, node: nil) { logger in
            logger.info("a", ["x": field()])
            logger.debug("b", ["x": field()])
            logger.error("c", ["x": field()])
        }
        #expect(written.map { $0.dropFirst(25) } == ["ERROR event=c x=1"])
        #expect(built == 1)
    }

    @Test func longValuesAreCut() throws {
        let written = try lines { $0.info("a", ["x": String(repeating: "y", count: 100_000)]) }
        #expect(written[0].utf8.count < 1200)
        #expect(written[0].hasSuffix("yyy...\""))
    }

    @Test func linesThatAreNotTakenAreCounted() {
        let logger = LineLogger(descriptor: -1)
        logger.info("a")
        #expect(logger.lostLines == 1)
    }

    @Test func timestampsAgreeWithTheLibrary() {
        var generator = SplitMix64(seed: 51)
        for _ in 0..<20_000 {
            let milliseconds = Int64.random(in: -2_000_000_000_000...8_000_000_000_000, using: &generator)
            var seconds = time_t(milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000)
            var fields = tm()
            gmtime_r(&seconds, &fields)
            var text = [CChar](repeating: 0, count: 40)
            strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &fields)
            let whole = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let fraction = String(Int(milliseconds - Int64(seconds) * 1000) + 1000).dropFirst()
            #expect(LineLogger.timestamp(milliseconds) == "\(whole).\(fraction)Z")
        }
    }

    @Test func levelsHaveNames() {
        #expect(LogLevel(named: "warn") == .warning)
        #expect(LogLevel(named: "Warning") == .warning)
        #expect(LogLevel(named: "debug") == .debug)
        #expect(LogLevel(named: "loud") == nil)
    }

    @Test func histogramBucketsCoverEveryValueOnce() {
        var previous: UInt64 = 0
        for index in 1...400 {
            let upper = HistogramSnapshot.upperBound(index)
            #expect(upper > previous)
            #expect(HistogramSnapshot.bucket(of: upper) == index)
            #expect(HistogramSnapshot.bucket(of: previous + 1) == index)
            previous = upper
        }
        #expect(HistogramSnapshot.upperBound(HistogramSnapshot.bucket(of: .max)) == .max)
    }

    @Test func histogramQuantilesBoundTheTruth() {
        let histogram = LogLinearHistogram()
        #expect(histogram.snapshot().quantile(perMille: 990) == 0)
        var generator = SplitMix64(seed: 61)
        var values: [UInt64] = []
        for _ in 0..<5_000 {
            let value = generator.next() >> UInt64.random(in: 0...63, using: &generator)
            values.append(value)
            histogram.record(value)
        }
        values.sort()
        let snapshot = histogram.snapshot()
        #expect(snapshot.count == 5_000 && snapshot.maximum == values.last)
        for perMille in [1, 500, 900, 990, 999, 1000] as [UInt64] {
            let truth = values[Int((5_000 * perMille + 999) / 1000) - 1]
            let bound = snapshot.quantile(perMille: perMille)
            #expect(bound >= truth && bound - truth <= truth / 8)
        }
    }

    @Test func theProcessKnowsItself() throws {
        try ProcessMetrics.tuneMemory()
        let resident = try #require(ProcessMetrics.residentBytes)
        #expect(resident > 1 << 20)
        let descriptors = try #require(ProcessMetrics.openDescriptors)
        let limit = try #require(ProcessMetrics.descriptorLimit)
        #expect(descriptors >= 3 && descriptors < limit)
        let entropy = SystemEntropy()
        #expect(entropy.next() != entropy.next())
    }
}
