import Foundation
import Testing

@testable import Broker

/// The digest at the end of a random log: what two processes compare.
func randomLogDigest(seed: UInt64) throws -> UInt64 {
    let log = try RandomLog(seed: seed, steps: 400)
    return log.leader.broker.digest()
}

private let seedVariable = "HOLDFAST_DIGEST_SEED"
private let fileVariable = "HOLDFAST_DIGEST_FILE"

/// Swift seeds its hashing anew in each process; a state that depended on it would differ between replicas.
struct ProcessDigestTests {
    private struct Report: Equatable {
        var digest: String
        var hash: String
    }

    @Test(.timeLimit(.minutes(1))) func sameLogSameDigestInOtherProcesses() throws {
        let own = try randomLogDigest(seed: 77)
        let first = try reportOfChild(deterministicHashing: false)
        let second = try reportOfChild(deterministicHashing: true)
        #expect(first.digest == "\(own)")
        #expect(second.digest == "\(own)")
        // Otherwise the hash seeds were equal and this showed nothing.
        #expect(first.hash != second.hash)
        #expect(try randomLogDigest(seed: 78) != own)
    }

    private func reportOfChild(deterministicHashing: Bool) throws -> Report {
        let name = "holdfast-digest-\(ProcessInfo.processInfo.processIdentifier)-\(deterministicHashing)"
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments =
            CommandLine.arguments.dropFirst().filter { $0.hasSuffix(".xctest") }
            + ["--testing-library", "swift-testing", "--filter", "ProcessDigestTests.writesDigestForParent"]
        var environment = ProcessInfo.processInfo.environment
        environment[seedVariable] = "77"
        environment[fileVariable] = file.path
        environment["SWIFT_DETERMINISTIC_HASHING"] = deterministicHashing ? "1" : nil
        child.environment = environment
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        try child.run()
        child.waitUntilExit()
        #expect(child.terminationStatus == 0)
        let words = try String(contentsOf: file, encoding: .utf8).split(separator: " ").map(String.init)
        try FileManager.default.removeItem(at: file)
        guard words.count == 2 else { throw Unexpected(text: "child wrote \(words)") }
        return Report(digest: words[0], hash: words[1])
    }

    /// Runs in the child only.
    @Test(.enabled(if: ProcessInfo.processInfo.environment[fileVariable] != nil))
    func writesDigestForParent() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = try #require(environment[seedVariable].flatMap { UInt64($0) })
        let file = try #require(environment[fileVariable])
        let report = "\(try randomLogDigest(seed: seed)) \("holdfast".hashValue)"
        try report.write(toFile: file, atomically: true, encoding: .utf8)
    }
}
