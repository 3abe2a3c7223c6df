import Foundation
import Testing

/// Stories as text: commands in, the exact trace out. `HOLDFAST_REWRITE=1` writes what the core does now into the
/// files; the difference is then to be read like code.
@Suite struct ScriptTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Scripts")

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".txt") }.sorted()
    }

    @Test func thereAreStories() throws {
        #expect(try Self.names().count >= 25)
    }

    @Test(arguments: try names()) func plays(_ name: String) throws {
        let file = Self.directory.appendingPathComponent(name)
        let text = try String(contentsOf: file, encoding: .utf8)
        let played = Script.play(text)
        if ProcessInfo.processInfo.environment["HOLDFAST_REWRITE"] == "1" {
            try played.write(to: file, atomically: true, encoding: .utf8)
        }
        let expected = text.split(separator: "\n", omittingEmptySubsequences: false)
        let actual = played.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(expected, actual).enumerated().first { $1.0 != $1.1 }
        let difference = line.map { "line \($0 + 1): expected '\($1.0)', got '\($1.1)'" }
        #expect(expected == actual, "\(difference ?? "length differs")")
    }
}

/// A script's lines: `> ` a command, two spaces its expected output, anything else prose that is kept.
enum Script {
    static func play(_ text: String) -> String {
        let stage = Stage()
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("  ") { continue }
            lines.append(line)
            guard line.hasPrefix("> ") else { continue }
            for output in stage.run(line.dropFirst(2).split(separator: " ").map(String.init)) {
                lines.append("  " + output)
            }
        }
        return lines.joined(separator: "\n")
    }
}
