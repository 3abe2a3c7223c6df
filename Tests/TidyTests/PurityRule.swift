/// The pure modules compute the same on every node and in every run: no clock, no randomness, no hashing that Swift
/// seeds per process, no concurrency, no output, no floating point.
enum PurityRule {
    private static let words: [String: String] = {
        var table: [String: String] = [:]
        func ban(_ reason: String, _ words: String...) { for word in words { table[word] = reason } }
        ban("reads a clock", "Date", "ContinuousClock", "SuspendingClock", "clock_gettime", "gettimeofday")
        ban("is random", "SystemRandomNumberGenerator", "randomElement", "shuffled", "shuffle")
        ban("is seeded per process", "Hasher", "hashValue")
        ban("is concurrency", "async", "await", "actor", "Task", "Mutex", "Atomic", "Thread")
        for word in TextRule.waits { ban("blocks", word) }
        ban("is floating point", "Double", "Float", "Float16", "Float80")
        ban("reads the surroundings", "getenv", "CommandLine", "ProcessInfo")
        return table
    }()

    /// Only as a call: these are fair names for a property or a parameter.
    private static let calls: [String: String] = [
        "random": "is random", "print": "is output", "debugPrint": "is output", "dump": "is output",
        "readLine": "is input", "time": "reads a clock",
    ]

    static func check(_ file: SourceFile) -> [Violation] {
        guard file.isSwift, let module = file.module, Layers.pure.contains(module) else { return [] }
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let token = tokens[index]
            var reason = words[token.text]
            if reason == nil, tokens.text(at: index + 1) == "(", tokens.text(at: index - 1) != "func",
                token.text == "random" || tokens.text(at: index - 1) != "."
            {
                reason = calls[token.text]
            }
            guard token.isWord, let reason else { return nil }
            return file.violation(token.line, "purity", "\(token.text) \(reason), in \(module)")
        }
    }
}
