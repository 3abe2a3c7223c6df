/// A pure module never walks over a `Dictionary` or a `Set`: their order differs from process to process, so two
/// replicas would disagree. The check goes by name: one that a module declares only as a dictionary or set must not
/// be looped over, mapped or reduced unless the same expression sorts it.
enum UnorderedRule {
    private static let walks: Set<String> = [
        "forEach", "map", "compactMap", "flatMap", "filter", "reduce", "first", "enumerated", "makeIterator",
        "randomElement", "popFirst", "allSatisfy", "description", "joined", "prefix", "dropFirst", "lazy",
    ]
    /// Of a walk's result, what no longer depends on the order.
    private static let ordered: Set<String> = ["sorted", "min", "max", "count", "isEmpty", "contains"]

    /// `files` are all Swift files of one module.
    static func check(module files: [SourceFile]) -> [Violation] {
        guard let module = files.first?.module, Layers.pure.contains(module) else { return [] }
        var unordered: Set<String> = []
        var other: Set<String> = []
        for file in files { classify(file.tokens, &unordered, &other) }
        let names = unordered.subtracting(other)
        return files.flatMap { file in
            file.tokens.indices.compactMap { index in
                let token = file.tokens[index]
                guard names.contains(token.text), walksOver(file.tokens, index) else { return nil }
                return file.violation(token.line, "unordered", "walks over \(token.text), a Dictionary or Set")
            }
        }
    }

    /// Sorts every `name: Type` and `name = value` of a module into unordered collections and anything else.
    private static func classify(_ tokens: [Token], _ unordered: inout Set<String>, _ other: inout Set<String>) {
        for index in tokens.indices where tokens[index].isWord {
            let next = tokens.text(at: index + 1)
            let isDeclaration = ["let", "var"].contains(tokens.text(at: index - 1))
            if next == ":" {
                let type = tokens.text(at: index + 2)
                if type == "[" {
                    let isDictionary = bracketHasColon(tokens, index + 2)
                    if isDictionary { unordered.insert(tokens[index].text) } else { other.insert(tokens[index].text) }
                } else if type == "Set" || type == "Dictionary" {
                    unordered.insert(tokens[index].text)
                } else if isDeclaration {
                    other.insert(tokens[index].text)
                }
            } else if isDeclaration, next == "=" {
                let value = tokens.text(at: index + 2)
                let isEmptyDictionary = value == "[" && bracketHasColon(tokens, index + 2)
                if isEmptyDictionary || value == "Set" || value == "Dictionary" {
                    unordered.insert(tokens[index].text)
                } else {
                    other.insert(tokens[index].text)
                }
            }
        }
    }

    /// `[` at `index` opens a dictionary type or literal: a colon directly inside it.
    private static func bracketHasColon(_ tokens: [Token], _ index: Int) -> Bool {
        var depth = 0
        for position in index..<tokens.count {
            switch tokens[position].text {
            case "[", "(", "{": depth += 1
            case "]", ")", "}":
                depth -= 1
                if depth == 0 { return false }
            case ":" where depth == 1: return true
            default: break
            }
        }
        return false
    }

    /// `name` at `index` is looped over with `for … in name`, or asked for its elements in their order.
    private static func walksOver(_ tokens: [Token], _ index: Int) -> Bool {
        var end = index + 1
        var walked = false
        // `for x in state.name` and `for x in name.keys`: go back over the path to the `in`.
        var start = index
        while tokens.text(at: start - 1) == "." { start -= 2 }
        if tokens.text(at: start - 1) == "in" { walked = isLoop(tokens, start - 1) }
        while tokens.text(at: end) == "." {
            let member = tokens.text(at: end + 1)
            if ordered.contains(member) { return false }
            if walks.contains(member) { walked = true }
            if !walked && member != "keys" && member != "values" { return false }
            end = afterArguments(tokens, end + 2)
        }
        return walked
    }

    private static func isLoop(_ tokens: [Token], _ index: Int) -> Bool {
        var position = index - 1
        while position >= 0, tokens[position].text != "\n", tokens[position].text != "{" {
            if tokens[position].text == "for" { return true }
            position -= 1
        }
        return false
    }

    /// The index behind a call's arguments: parentheses, a trailing closure, both or neither.
    private static func afterArguments(_ tokens: [Token], _ index: Int) -> Int {
        var position = index
        for open in ["(", "{"] where tokens.text(at: position) == open {
            var depth = 0
            repeat {
                if ["(", "{", "["].contains(tokens.text(at: position)) { depth += 1 }
                if [")", "}", "]"].contains(tokens.text(at: position)) { depth -= 1 }
                position += 1
            } while depth > 0 && position < tokens.count
        }
        let next = tokens.indexAfterNewlines(from: position)
        return tokens.text(at: next) == "." ? next : position
    }
}
