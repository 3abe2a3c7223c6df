/// One command of the executable, what its help says, and what it does.
struct Command: Sendable {
    /// One word, or two: "topic create".
    let name: String
    let summary: String
    /// What may follow that is not a flag, as the synopsis shows it; empty when nothing may.
    let operands: String
    let flags: [Flag]
    /// Paragraphs under the flags.
    let details: String
    /// Answers the exit code.
    let run: @Sendable (Arguments) throws(CommandFailure) -> Int32

    init(
        _ name: String, _ summary: String, operands: String = "", flags: [Flag] = [], details: String = "",
        run: @escaping @Sendable (Arguments) throws(CommandFailure) -> Int32
    ) {
        self.name = name
        self.summary = summary
        self.operands = operands
        self.flags = flags
        self.details = details
        self.run = run
    }

    var synopsis: String {
        // A long list of flags is shown once, below.
        let words = flags.count > 8 ? ["[flags]"] : flags.map(\.synopsis)
        return (["holdfast \(name)"] + words + (operands.isEmpty ? [] : [operands])).joined(separator: " ")
    }

    /// The whole help page.
    var help: String {
        var page = "\(summary)\n\nusage: \(synopsis)\n"
        if !flags.isEmpty {
            let table = TextTable(rows: flags.map { flag in
                let suffix = flag.defaultValue.map { " [\($0)]" } ?? (flag.need == .required ? " (required)" : "")
                return ["  " + flag.left, flag.help + suffix]
            })
            page += "\nflags:\n" + table.text
        }
        if !details.isEmpty { page += "\n\(details)\n" }
        return page
    }
}
