import Ports
import Testing

@testable import Server

@Suite struct ConfigurationTests {
    private static let minimum = [
        "--data", "d", "--node-id", "1", "--peers", "1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003",
    ]

    private func configuration(
        _ arguments: [String], environment: [String: String] = [:], files: [String: String] = [:]
    ) throws -> Configuration {
        try Configuration(SettingValues(arguments: arguments, environment: environment) {
            (path: String) throws(ConfigurationError) in
            guard let text = files[path] else { throw ConfigurationError("\(path) cannot be read") }
            return text
        })
    }

    private func complaint(
        _ arguments: [String], environment: [String: String] = [:], files: [String: String] = [:]
    ) -> String {
        do {
            _ = try configuration(arguments, environment: environment, files: files)
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test func defaultsAreWhatHelpSays() throws {
        let made = try configuration(Self.minimum)
        #expect(made.node == NodeID(1))
        #expect(made.kafkaListen == Address("127.0.0.1:9092"))
        #expect(made.kafkaNodes == [NodeID(1): Address("127.0.0.1:9092")])
        #expect(made.autoCreateTopics && made.defaultPartitions == 1)
        for setting in Setting.all {
            #expect(Setting.help.contains(setting.flag), "\(setting.name)")
            if let value = setting.defaultValue { #expect(Setting.help.contains("[\(value)]")) }
        }
    }

    @Test func theReserveFollowsTheSegments() throws {
        #expect(try configuration(Self.minimum).minimumFreeBytes == 256 << 20)
        #expect(try configuration(Self.minimum + ["--segment-bytes", "134217728"]).minimumFreeBytes == 256 << 20)
        let larger = ["--segment-bytes", "268435456"]
        #expect(try configuration(Self.minimum + larger).minimumFreeBytes == 512 << 20)
        #expect(try configuration(Self.minimum + larger + ["--min-free-bytes", "0"]).minimumFreeBytes == 0)
        let files = ["f": "min-free-bytes = 7"]
        #expect(try configuration(Self.minimum + ["--config", "f"], files: files).minimumFreeBytes == 7)
        let environment = ["HOLDFAST_MIN_FREE_BYTES": "8"]
        #expect(try configuration(Self.minimum, environment: environment).minimumFreeBytes == 8)
        #expect(complaint(Self.minimum + ["--min-free-bytes", "-1"]).contains("min-free-bytes '-1' is not a number"))
    }

    @Test func flagsWinOverEnvironmentOverFile() throws {
        let files = ["f": "default-partitions = 5 # five\nlog-level = debug\n\nauto-create-topics=false\n"]
        let environment = ["HOLDFAST_LOG_LEVEL": "warn", "HOLDFAST_DEFAULT_PARTITIONS": "6", "PATH": "/bin"]
        let made = try configuration(
            Self.minimum + ["--config", "f", "--default-partitions=7"], environment: environment, files: files)
        #expect(made.defaultPartitions == 7)
        #expect(made.logLevel == .warning)
        #expect(!made.autoCreateTopics)
    }

    @Test(arguments: [
        (["--bogus", "1"], "unknown flag --bogus"), (["--log-level"], "--log-level needs a value"),
        (["stray"], "unexpected argument 'stray'"), (["--cache-bytes", "1", "--cache-bytes", "2"], "given twice"),
        (["--default-partitions", "0"], "default-partitions '0' is not a number from 1"),
        (["--kafka-listen", "nowhere"], "kafka-listen 'nowhere' is not HOST:PORT"),
        (["--auto-create-topics", "perhaps"], "neither true nor false"), (["--log-level", "loud"], "log-level 'loud'"),
        (["--election-ms", "100", "--heartbeat-ms", "90"], "heartbeat-ms 90 must be at most a third"),
        (["--kafka-nodes", "1=h:1,1=h:2"], "lists node 1 twice"), (["--kafka-nodes", "9=h:1"], "node 9"),
        (["--kafka-nodes", "1=a:1", "--kafka-advertise", "b:1"], "contradicts kafka-nodes"),
        (["--segment-bytes", "2000000"], "must not exceed segment-bytes"), (["--config", "absent"], "absent cannot"),
    ]) func mistakesAreNamed(_ extra: [String], _ expected: String) {
        let said = complaint(Self.minimum + extra)
        #expect(said.contains(expected), "\(said)")
    }

    @Test func whatIsMissingIsNamed() {
        #expect(complaint([]).contains("--data is required"))
        #expect(complaint(["--data", "d"]).contains("--node-id is required"))
        #expect(complaint(["--data", "d", "--node-id", "4", "--peers", "1=a:1"]).contains("does not list this node"))
    }

    @Test func mistakesInFilesAndEnvironmentAreNamed() {
        let arguments = Self.minimum + ["--config", "f"]
        #expect(complaint(arguments, files: ["f": "x = 1"]).contains("f:1: unknown setting 'x'"))
        #expect(complaint(arguments, files: ["f": "\ndata"]).contains("f:2: expected 'name = value'"))
        #expect(complaint(arguments, files: ["f": "data=a\ndata=b"]).contains("f:2: 'data' is given twice"))
        #expect(complaint(Self.minimum, environment: ["HOLDFAST_X": "1"]).contains("HOLDFAST_X"))
    }
}
