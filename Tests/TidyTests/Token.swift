/// A word or a single other character of Swift code, with the line it is on (from 1).
struct Token: Equatable {
    let text: String
    let line: Int
    let isWord: Bool

    /// `code` must have its comments and strings blanked. A newline is a token, other white space is not.
    static func read(_ code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var index = 0
        while index < code.count {
            let start = index
            if isWordByte(code[index]) {
                while index < code.count, isWordByte(code[index]) { index += 1 }
                let word = String(decoding: code[start..<index], as: UTF8.self)
                tokens.append(Token(text: word, line: line, isWord: true))
                continue
            }
            index += 1
            switch code[start] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                continue
            case UInt8(ascii: "\n"):
                tokens.append(Token(text: "\n", line: line, isWord: false))
                line += 1
            default:
                tokens.append(Token(text: String(UnicodeScalar(code[start])), line: line, isWord: false))
            }
        }
        return tokens
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            return true
        default:
            return byte >= 0x80
        }
    }
}

extension [Token] {
    func text(at index: Int) -> String { indices.contains(index) ? self[index].text : "" }

    /// The next token that is not a newline.
    func indexAfterNewlines(from index: Int) -> Int {
        var index = index
        while text(at: index) == "\n" { index += 1 }
        return index
    }
}
