/// The words after a command, sorted into flags and operands; every flag is one that the command has.
struct Arguments: Sendable {
    let command: String
    /// All of them, as they came.
    let words: [String]
    let operands: [String]
    private let values: [String: [String]]
    private let defaults: [String: String]

    init(_ words: [String], for command: Command) throws(CommandFailure) {
        var operands: [String] = []
        var values: [String: [String]] = [:]
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                operands.append(word)
                continue
            }
            let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = try Self.flag(String(sides[0]), of: command)
            var value = sides.count == 2 ? String(sides[1]) : nil
            if flag.placeholder == nil {
                guard value == nil else { throw .usage("--\(flag.name) takes no value") }
                value = "true"
            }
            guard let given = value ?? rest.popFirst() else { throw .usage("--\(flag.name) needs a value") }
            guard values[flag.name] == nil || flag.need == .repeated else {
                throw .usage("--\(flag.name) is given twice")
            }
            values[flag.name, default: []].append(given)
        }
        if let extra = operands.first, command.operands.isEmpty { throw .usage("unexpected argument '\(extra)'") }
        for flag in command.flags where flag.need == .required && values[flag.name] == nil {
            throw .usage("--\(flag.name) is required")
        }
        self.command = command.name
        self.words = words
        self.operands = operands
        self.values = values
        defaults = command.flags.reduce(into: [:]) { $0[$1.name] = $1.defaultValue }
    }

    private static func flag(_ word: String, of command: Command) throws(CommandFailure) -> Flag {
        if word.hasPrefix("--"), let flag = command.flags.first(where: { $0.name == word.dropFirst(2) }) { return flag }
        let near = Spelling.nearest(to: word, among: command.flags.map { "--" + $0.name })
        throw .usage("unknown flag \(word)" + (near.map { "; did you mean \($0)?" } ?? ""))
    }

    // MARK: Values

    func has(_ name: String) -> Bool { values[name] != nil }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    func optional(_ name: String) -> String? { values[name]?.last ?? defaults[name] }

    func text(_ name: String) throws(CommandFailure) -> String {
        guard let value = optional(name) else { throw .usage("--\(name) is required") }
        guard !value.isEmpty else { throw .usage("--\(name) must not be empty") }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(CommandFailure) -> Int {
        let value = try text(name)
        guard let number = Int(value), range.contains(number) else {
            throw .usage("--\(name) '\(value)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The flag's value as one of `choices`, each by its raw value.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(CommandFailure) -> Choice where Choice.RawValue == String {
        let value = try text(name)
        guard let choice = Choice(rawValue: value) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("--\(name) '\(value)' is none of \(names)")
        }
        return choice
    }
}
