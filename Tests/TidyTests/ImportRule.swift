/// A module imports only what the table in `Layers` allows it.
enum ImportRule {
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor",
    ]

    static func check(_ file: SourceFile) -> [Violation] {
        guard file.isSwift, let module = file.module else { return [] }
        guard Layers.own[module] != nil else {
            return [file.violation(0, "layers", "module \(module) is not in the table of the architecture")]
        }
        let allowed = Layers.mayImport(module)
        return imports(in: file).filter { !allowed.contains($0.text) }.map {
            file.violation($0.line, "layers", "\(module) must not import \($0.text)")
        }
    }

    /// The imported modules' names.
    static func imports(in file: SourceFile) -> [Token] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "import", tokens.text(at: index - 1) != "." else { return nil }
            let next = kinds.contains(tokens.text(at: index + 1)) ? index + 2 : index + 1
            return tokens.indices.contains(next) && tokens[next].isWord ? tokens[next] : nil
        }
    }
}
