import Bytes
import Testing

@testable import holdfast

struct CommandLineTests {
    private static let sample = Command(
        "do things", "does things", operands: "[FILE]",
        flags: [
            Flag("count", "N", "how many", default: "3"), Flag("name", "NAME", "whose", need: .required),
            Flag("config", "K=V", "more", need: .repeated), Flag(switch: "loud", "be loud"),
        ]
    ) { _ throws(CommandFailure) in 0 }

    private func parse(_ words: String...) throws(CommandFailure) -> Arguments {
        try Arguments(words, for: Self.sample)
    }

    private func refusal(_ words: String...) -> String? {
        do throws(CommandFailure) {
            _ = try Arguments(words, for: Self.sample)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func flagsInBothForms() throws {
        let arguments = try parse("--name=x", "file", "--count", "7", "--config", "a=b", "--config=c=d", "--loud")
        #expect(try arguments.text("name") == "x")
        #expect(try arguments.integer("count", in: 0...10) == 7)
        #expect(arguments.all("config") == ["a=b", "c=d"])
        #expect(arguments.has("loud") && arguments.operands == ["file"])
    }

    @Test func defaultsAndTheEndOfFlags() throws {
        let arguments = try parse("--name", "x", "--", "--loud")
        #expect(try arguments.integer("count", in: 0...10) == 3)
        #expect(!arguments.has("count") && !arguments.has("loud"))
        #expect(arguments.operands == ["--loud"])
    }

    @Test func wrongWordsAreRefusedByName() throws {
        #expect(refusal("--name", "x", "--cuont", "1")?.contains("--cuont; did you mean --count?") == true)
        #expect(refusal("--name", "x", "-x")?.contains("-x") == true)
        #expect(refusal("--count", "1") == "--name is required")
        #expect(refusal("--name") == "--name needs a value")
        #expect(refusal("--name", "x", "--name", "y") == "--name is given twice")
        #expect(refusal("--name", "x", "--loud=yes") == "--loud takes no value")
        let arguments = try parse("--name", "x", "--count", "many")
        #expect(throws: CommandFailure.usage("--count 'many' is not a number from 0 to 10")) {
            try arguments.integer("count", in: 0...10)
        }
    }

    @Test func addresses() throws {
        let command = Command("c", "", flags: [Flag("to", "A", "")]) { _ throws(CommandFailure) in 0 }
        let good = try Arguments(["--to", "a:1,[::1]:2"], for: command)
        #expect(try good.addresses("to").map(\.description) == ["a:1", "[::1]:2"])
        let bad = try Arguments(["--to", "a:1,b"], for: command)
        #expect(throws: CommandFailure.usage("--to: 'b' is not HOST:PORT")) { try bad.addresses("to") }
    }

    @Test func everyCommandHasHelpThatNamesItsFlags() throws {
        let tool = CommandLineTool(commands: Command.all)
        for command in Command.all {
            let page = try tool.help(for: command.name.split(separator: " ").map(String.init))
            #expect(page.contains("usage: holdfast \(command.name)") && page.contains(command.summary))
            for flag in command.flags { #expect(page.contains("--\(flag.name)"), "\(command.name) \(flag.name)") }
            #expect(tool.overview.contains(command.name))
        }
        #expect(try tool.help(for: ["topic"]).contains("topic describe"))
        #expect(throws: CommandFailure.self) { try tool.help(for: ["nonsense"]) }
    }

    @Test func exitCodes() {
        let commands = [
            Command("fine", "") { _ throws(CommandFailure) in 0 },
            Command("bad", "") { _ throws(CommandFailure) in throw .failed("no") },
            Command("shut", "") { _ throws(CommandFailure) in throw .outputClosed },
        ]
        let tool = CommandLineTool(commands: commands)
        #expect(tool.run(["fine"]) == 0)
        #expect(tool.run(["bad"]) == 1)
        #expect(tool.run(["shut"]) == 0)
        #expect(tool.run(["fine", "--what"]) == 2)
        #expect(tool.run(["fien"]) == 2)
        #expect(tool.run([]) == 2)
    }

    @Test func linesAreCutAtNewlines() {
        let bytes = ByteSlice(utf8: "one\n\ntwo\nthr")
        let (lines, end) = LineInput.cut(bytes, from: 0)
        #expect(lines.map(\.text) == ["one", "", "two"])
        #expect(bytes.dropFirst(end).text == "thr")
        let (rest, _) = LineInput.cut(ByteSlice(utf8: "three\n"), from: 3)
        #expect(rest.map(\.text) == ["three"])
    }

    @Test func keysAreSplitOff() {
        let line = ByteSlice(utf8: "k::v::w")
        #expect(Command.split(line, at: Array("::".utf8)).key?.text == "k")
        #expect(Command.split(line, at: Array("::".utf8)).value.text == "v::w")
        #expect(Command.split(line, at: Array("|".utf8)).key == nil)
        #expect(Command.split(line, at: []).value.text == "k::v::w")
        #expect(Command.split(ByteSlice(utf8: "k:"), at: Array(":".utf8)).value.isEmpty)
    }

    @Test func figures() {
        #expect(Figures.fixed(1234.5678, 2) == "1234.57")
        #expect(Figures.fixed(0.004, 2) == "0.00")
        #expect(Figures.fixed(-2.5, 1) == "-2.5")
        #expect(Figures.fixed(3, 0) == "3")
        #expect(Figures.grouped(1_234_567) == "1,234,567")
        #expect(Figures.grouped(-999) == "-999")
        #expect(Figures.milliseconds(1_500_000) == "1.500 ms")
    }

    @Test func tablesLineUp() {
        let table = TextTable(rows: [["A", "LONG"], ["12345", "x", "more"], ["1"]])
        #expect(table.text == "A      LONG\n12345  x     more\n1\n")
    }
}
