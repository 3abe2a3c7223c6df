/// Blanks comments and string literals, so that a rule which looks for a word finds it only where it is code.
/// Newlines and lengths stay, and so does the code inside an interpolation.
struct CodeMask {
    private let input: [UInt8]
    private var output: [UInt8]
    private var position = 0

    static func code(of text: [UInt8]) -> [UInt8] {
        var mask = CodeMask(input: text)
        mask.scanCode(inInterpolation: false)
        return mask.output
    }

    private init(input: [UInt8]) {
        self.input = input
        output = input
    }

    private func byte(_ ahead: Int = 0) -> UInt8 {
        let index = position + ahead
        return index < input.count ? input[index] : 0
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < input.count {
            if input[position] != UInt8(ascii: "\n") { output[position] = UInt8(ascii: " ") }
            position += 1
        }
    }

    private mutating func scanCode(inInterpolation: Bool) {
        var depth = 0
        while position < input.count {
            switch byte() {
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
                while position < input.count, byte() != UInt8(ascii: "\n") { blank() }
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
                scanBlockComment()
            case UInt8(ascii: "\""):
                scanString(pounds: 0)
            case UInt8(ascii: "#"):
                let pounds = run(of: UInt8(ascii: "#"))
                if byte(pounds) == UInt8(ascii: "\"") { scanString(pounds: pounds) } else { position += pounds }
            case UInt8(ascii: "("):
                depth += 1
                position += 1
            case UInt8(ascii: ")"):
                if inInterpolation && depth == 0 {
                    blank()
                    return
                }
                depth -= 1
                position += 1
            default:
                position += 1
            }
        }
    }

    private func run(of wanted: UInt8) -> Int {
        var count = 0
        while byte(count) == wanted { count += 1 }
        return count
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth += 1
                blank(2)
            } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < input.count
    }

    private mutating func scanString(pounds: Int) {
        blank(pounds)
        let quotes = run(of: UInt8(ascii: "\"")) >= 3 ? 3 : 1
        blank(quotes)
        while position < input.count {
            if byte() == UInt8(ascii: "\\"), follows(pounds: pounds, after: 1) {
                blank(1 + pounds)
                if byte() == UInt8(ascii: "(") {
                    blank()
                    scanCode(inInterpolation: true)
                } else {
                    blank()
                }
            } else if run(of: UInt8(ascii: "\"")) >= quotes, follows(pounds: pounds, after: quotes) {
                blank(quotes + pounds)
                return
            } else if quotes == 1, byte() == UInt8(ascii: "\n") {
                return
            } else {
                blank()
            }
        }
    }

    private func follows(pounds: Int, after start: Int) -> Bool {
        (0..<pounds).allSatisfy { byte(start + $0) == UInt8(ascii: "#") }
    }
}
