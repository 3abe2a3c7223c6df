/// A function, initialiser, subscript or computed property with a body.
struct Declaration {
    let name: String
    let firstLine: Int
    let lastLine: Int

    /// From the line with the keyword to the closing brace.
    var lines: Int { lastLine - firstLine + 1 }

    static func bodies(in tokens: [Token]) -> [Declaration] {
        tokens.indices.compactMap { index in
            guard starts(tokens, index), let open = bodyStart(tokens, index), let close = match(tokens, open) else {
                return nil
            }
            let name = tokens[index].text == "func" ? tokens.text(at: index + 1) : tokens[index].text
            return Declaration(name: name, firstLine: tokens[index].line, lastLine: tokens[close].line)
        }
    }

    private static func starts(_ tokens: [Token], _ index: Int) -> Bool {
        guard ["func", "init", "deinit", "subscript", "var"].contains(tokens[index].text) else { return false }
        return tokens.text(at: index - 1) != "." && tokens.text(at: index - 1) != "`"
    }

    /// The `{` of the body, or nil for a requirement of a protocol or a stored property.
    private static func bodyStart(_ tokens: [Token], _ keyword: Int) -> Int? {
        var depth = 0
        var index = keyword + 1
        while index < tokens.count {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]":
                depth -= 1
                if depth < 0 { return nil }
            case "{" where depth == 0: return index
            case "}" where depth == 0, ";" where depth == 0: return nil
            case "=" where depth == 0 && tokens[keyword].text == "var": return nil
            case "\n" where depth == 0 && !continues(tokens, index): return nil
            default: break
            }
            index += 1
        }
        return nil
    }

    /// Whether a signature goes on behind the newline at `index`.
    private static func continues(_ tokens: [Token], _ index: Int) -> Bool {
        let next = tokens.text(at: tokens.indexAfterNewlines(from: index))
        if ["{", "-", "throws", "rethrows", "async", "where", ",", "&", ":", "("].contains(next) { return true }
        let previous = tokens.text(at: index - 1)
        return [",", "&", ":", "where"].contains(previous)
            || (previous == ">" && tokens.text(at: index - 2) == "-")
    }

    private static func match(_ tokens: [Token], _ open: Int) -> Int? {
        var depth = 0
        for index in open..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
