/// A file that nothing else mentions is dead weight.
enum DeadFileRule {
    private static let typeKeywords: Set<String> = [
        "struct", "class", "enum", "protocol", "actor", "typealias", "func", "let", "var",
    ]

    private static let modifiers: Set<String> = [
        "private", "fileprivate", "package", "internal", "public", "static", "final", "mutating", "nonisolated",
        "borrowing", "consuming", "indirect", "lazy", "unowned", "weak", "override", "class",
    ]

    /// What a file offers to the others.
    private struct Offer {
        /// Declared at the top level, or directly inside an extension.
        var names: Set<String> = []
        /// Something used without its name: an initialiser, operator, subscript or conformance of an extension, an
        /// entry point, public API.
        var isUsedUnnamed = false
    }

    /// Swift files below Sources: something at their top level, or a member of their extensions, is used elsewhere, if
    /// only by a test. What is private is not an offer.
    static func checkSources(_ files: [SourceFile]) -> [Violation] {
        var users: [String: Int] = [:]
        for file in files {
            for word in Set(file.tokens.lazy.filter(\.isWord).map(\.text)) { users[word, default: 0] += 1 }
        }
        let swift = files.filter { $0.isSwift && $0.module != nil }
        return swift.compactMap { file in
            let offer = offer(of: file)
            let isUsed = offer.names.contains { users[$0, default: 0] > 1 }
            if file.name == "main.swift" || offer.isUsedUnnamed || isUsed { return nil }
            return file.violation(0, "dead file", "nothing it declares is used by another file")
        }
    }

    private static func offer(of file: SourceFile) -> Offer {
        let tokens = file.tokens
        var offer = Offer()
        var depth = 0
        var inExtension = false
        for index in tokens.indices {
            let text = tokens[index].text
            switch text {
            case "{": depth += 1
            case "}": depth -= 1
            case "extension" where depth == 0:
                inExtension = true
                if hasConformance(tokens, index) { offer.isUsedUnnamed = true }
            case "main" where tokens.text(at: index - 1) == "@", "public" where depth == 0:
                offer.isUsedUnnamed = true
            case "init" where depth == 1 && inExtension, "subscript" where depth == 1 && inExtension:
                offer.isUsedUnnamed = true
            case _ where typeKeywords.contains(text) && (depth == 0 || depth == 1 && inExtension):
                if depth == 0 { inExtension = false }
                if isPrivate(tokens, index) { break }
                if text == "func", !(tokens.indices.contains(index + 1) && tokens[index + 1].isWord) {
                    offer.isUsedUnnamed = true
                }
                offer.names.insert(tokens.text(at: index + 1))
            default: break
            }
        }
        return offer
    }

    /// Is the declaration whose keyword stands at `keyword` for its own file only?
    private static func isPrivate(_ tokens: [Token], _ keyword: Int) -> Bool {
        var index = keyword - 1
        while modifiers.contains(tokens.text(at: index)) {
            if tokens.text(at: index).hasSuffix("private") { return true }
            index -= 1
        }
        return false
    }

    private static func hasConformance(_ tokens: [Token], _ keyword: Int) -> Bool {
        var index = keyword + 1
        var brackets = 0
        while index < tokens.count, tokens[index].text != "{" {
            if tokens[index].text == "[" { brackets += 1 }
            if tokens[index].text == "]" { brackets -= 1 }
            if tokens[index].text == ":", brackets == 0 { return true }
            index += 1
        }
        return false
    }

    /// Every helper script is named by another file, and every command in cluster/ with its folder.
    static func checkScripts(_ files: [SourceFile]) -> [Violation] {
        let outside = files.filter { $0.module == nil && !$0.path.hasPrefix("Tests/") }
        let mentions = outside.map(mentions(in:))
        return outside.indices.compactMap { index in
            let file = outside[index]
            guard ["cluster", "docker"].contains(file.components[0]) else { return nil }
            // pytest and Python find these by their names.
            if file.name.hasPrefix("test_") || ["conftest.py", "__init__.py"].contains(file.name) { return nil }
            let isCommand = file.components.count == 2 && !file.name.contains(".")
            let wanted = isCommand ? file.path : file.name
            let isNamed = mentions.indices.contains { $0 != index && mentions[$0].contains(wanted) }
            return isNamed ? nil : file.violation(0, "dead file", "no other file names \(wanted)")
        }
    }

    /// The words of a script or text, each also without its folder, and the files of the Python modules it imports.
    private static func mentions(in file: SourceFile) -> Set<String> {
        var found: Set<String> = []
        for line in file.lines {
            let words = line.split { !($0.isLetter || $0.isNumber || "._-/".contains($0)) }
            for word in words {
                found.insert(String(word))
                if let last = word.split(separator: "/").last { found.insert(String(last)) }
            }
            guard words.count > 1, words[0] == "from" || words[0] == "import" else { continue }
            // `from package.module import name`, `from package import module`.
            for word in words.dropFirst() {
                if let module = word.split(separator: ".").last { found.insert(module + ".py") }
            }
        }
        return found
    }
}
