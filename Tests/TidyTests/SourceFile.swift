/// One file of the repository.
struct SourceFile {
    /// Relative to the repository, with `/`.
    let path: String
    let bytes: [UInt8]
    /// The text, line by line.
    let lines: [String]
    /// The same lines with comments and string literals blanked. Only for Swift; else equal to `lines`.
    let codeLines: [String]
    let tokens: [Token]

    init(path: String, text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        lines = Self.split(bytes)
        if path.hasSuffix(".swift") {
            let code = CodeMask.code(of: bytes)
            codeLines = Self.split(code)
            tokens = Token.read(code)
        } else {
            codeLines = lines
            tokens = []
        }
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var components: [Substring] { path.split(separator: "/") }
    var name: String { components.last.map(String.init) ?? path }
    var stem: String { name.split(separator: ".").first.map(String.init) ?? name }

    /// The module of a file below Sources, else nil.
    var module: String? {
        let parts = components
        return parts.count >= 3 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    func violation(_ line: Int, _ rule: String, _ words: String) -> Violation {
        Violation(path: path, line: line, rule: rule, words: words)
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
