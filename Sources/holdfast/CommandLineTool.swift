/// Finds the command that the words name, runs it, and turns what it throws into words and an exit code:
/// 0 done, 1 failed, 2 wrong usage.
struct CommandLineTool {
    let commands: [Command]

    func run(_ words: [String]) -> Int32 {
        do throws(CommandFailure) {
            return try dispatch(words)
        } catch {
            switch error {
            case .usage(let reason):
                Console.error("holdfast: \(reason)")
                return 2
            case .failed(let reason):
                Console.error("holdfast: \(reason)")
                return 1
            case .outputClosed: return 0
            }
        }
    }

    private func dispatch(_ words: [String]) throws(CommandFailure) -> Int32 {
        guard let first = words.first else {
            Console.error(overview)
            return 2
        }
        if first == "--help" || first == "-h" || first == "help" {
            let topic = words.dropFirst().filter { $0 != "--help" }
            try Output.printAll(topic.isEmpty ? overview + "\n" : try help(for: Array(topic)))
            return 0
        }
        if words.dropFirst().first.map({ $0 == "--help" || $0 == "-h" }) == true {
            try Output.printAll(try help(for: [first]))
            return 0
        }
        let (command, rest) = try find(first == "--version" ? ["version"] + words.dropFirst() : words)
        if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            try Output.printAll(command.help)
            return 0
        }
        do throws(CommandFailure) {
            return try command.run(try Arguments(rest, for: command))
        } catch {
            guard case .usage(let reason) = error else { throw error }
            throw .usage("\(reason)\nusage: \(command.synopsis)\n'holdfast \(command.name) --help' tells more")
        }
    }

    /// The help of one command, or of all whose name begins with `words`.
    func help(for words: [String]) throws(CommandFailure) -> String {
        let name = words.joined(separator: " ")
        let group = commands.filter { $0.name.hasPrefix(name + " ") }
        if !group.isEmpty && !commands.contains(where: { $0.name == name }) {
            return group.map(\.help).joined(separator: "\n")
        }
        let (command, rest) = try find(words)
        if let extra = rest.first { throw .usage("there is no command '\(command.name) \(extra)'") }
        return command.help
    }

    private func find(_ words: [String]) throws(CommandFailure) -> (Command, [String]) {
        for length in [2, 1] where words.count >= length {
            let name = words[..<length].joined(separator: " ")
            if let command = commands.first(where: { $0.name == name }) {
                return (command, Array(words[length...]))
            }
        }
        throw .usage(unknown(words))
    }

    private func unknown(_ words: [String]) -> String {
        let first = words.first ?? ""
        let group = commands.filter { $0.name.hasPrefix(first + " ") }
        if !group.isEmpty {
            let choices = group.map { "'\($0.name)'" }.joined(separator: ", ")
            guard words.count > 1, !words[1].hasPrefix("-") else { return "'\(first)' needs one more word: \(choices)" }
            return "unknown command '\(first) \(words[1])'; there is \(choices)"
        }
        let names = commands.map(\.name)
        let near = Spelling.nearest(to: first, among: names).map { "; did you mean '\($0)'?" } ?? ""
        return "unknown command '\(first)'\(near)\n'holdfast help' lists the commands"
    }

    var overview: String {
        let rows = commands.map { ["  " + $0.name, $0.summary] }
        return """
            Holdfast \(Version.text): a message broker that keeps every acknowledged message.

            usage: holdfast COMMAND [flags]

            commands:
            \(TextTable(rows: rows).text)
            'holdfast help COMMAND' or 'holdfast COMMAND --help' tells more about one.
            """
    }
}
