/// Words and paths that must not be committed, wherever they stand.
enum TextRule {
    /// Put together from pieces, so that this file does not break its own rule.
    private static let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    private static let machinePaths = ["ho" + "me", "ro" + "ot", "Us" + "ers", "wo" + "rk"].map { "/" + $0 + "/" }

    static func check(_ file: SourceFile) -> [Violation] {
        file.lines.enumerated().flatMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            let marked = markers.filter { marker in words.contains { $0 == marker } }.map {
                file.violation(index + 1, "unfinished", "\($0): finish it, or file it where work is planned")
            }
            return marked + machinePaths.filter { isAbsolute($0, in: line) }.map {
                file.violation(index + 1, "machine path", "\($0)… exists on one machine only")
            }
        }
    }

    /// `path` begins a path in `line`, rather than standing in the middle of a relative one.
    private static func isAbsolute(_ path: String, in line: String) -> Bool {
        var rest = Substring(line)
        while let range = rest.firstRange(of: path) {
            let before = line[..<range.lowerBound].last
            if before.map({ !($0.isLetter || $0.isNumber || "._-}/$".contains($0)) }) ?? true { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    /// What lets time pass instead of waiting for something.
    static let waits = ["sleep", "usleep", "nanosleep"]

    /// Swift only: an error that is thrown away, and time that is waited for instead of a condition.
    static func checkCode(_ file: SourceFile) -> [Violation] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let token = tokens[index]
            if token.text == "try", tokens.text(at: index + 1) == "?" {
                return file.violation(token.line, "swallowed error", "try" + "? throws the reason away")
            }
            let isTest = file.path.hasPrefix("Tests/")
            if isTest, waits.contains(token.text), tokens.text(at: index + 1) == "(" {
                return file.violation(token.line, "sleep in a test", "wait for a condition, with a deadline")
            }
            return nil
        }
    }
}
