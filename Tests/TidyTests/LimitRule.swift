/// Hard limits on what a reader has to hold in mind at once.
enum LimitRule {
    static let functionLines = 70
    static let fileLines = 600
    static let lineColumns = 120

    static func check(_ file: SourceFile) -> [Violation] {
        var found: [Violation] = []
        if file.lines.count > fileLines {
            found.append(file.violation(0, "limit", "\(file.lines.count) lines, \(fileLines) are allowed"))
        }
        // Prose is wrapped by whoever shows it.
        let lines = file.name.hasSuffix(".md") ? [] : file.lines
        for (index, line) in lines.enumerated() where line.unicodeScalars.count > lineColumns {
            if isRecorded(line, in: file) { continue }
            let columns = line.unicodeScalars.count
            found.append(file.violation(index + 1, "limit", "\(columns) columns, \(lineColumns) are allowed"))
        }
        for body in Declaration.bodies(in: file.tokens) where body.lines > functionLines {
            let words = "\(body.name) has \(body.lines) lines, \(functionLines) are allowed"
            found.append(file.violation(body.firstLine, "limit", words))
        }
        return found
    }

    /// A line of a test script's answer, which is indented: the test itself wrote it, one event a line.
    private static func isRecorded(_ line: String, in file: SourceFile) -> Bool {
        file.components.contains("Scripts") && file.name.hasSuffix(".txt") && line.hasPrefix("  ")
    }
}
