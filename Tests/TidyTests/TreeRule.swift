/// What lies where: the top level, modules with something in them, the manifest.
enum TreeRule {
    private static let allowed: Set<String> = [
        "Package.swift", "Sources", "Tests", "cluster", "docker", "README.md", "LICENSE",
    ]
    private static let declarations: Set<String> = [
        "struct", "class", "enum", "protocol", "actor", "extension", "func", "typealias",
    ]

    static func checkTopLevel(_ names: [String]) -> [Violation] {
        names.filter { !allowed.contains($0) }.map {
            Violation(path: $0, line: 0, rule: "top level", words: "does not belong there")
        }
    }

    /// A module or test target that declares nothing is a placeholder.
    static func checkPlaceholders(_ repository: Repository) -> [Violation] {
        var folders: [String: [SourceFile]] = [:]
        for file in repository.files where file.components.count >= 3 {
            if ["Sources", "Tests"].contains(file.components[0]) {
                folders[file.components[..<2].joined(separator: "/"), default: []].append(file)
            }
        }
        return folders.keys.sorted().compactMap { folder in
            let files = folders[folder, default: []]
            // A system library has nothing but the name of its header.
            let isC = files.contains { $0.path.hasSuffix(".c") || $0.stem == "shim" }
            let declares = files.contains { $0.tokens.contains { declarations.contains($0.text) } }
            if isC || declares { return nil }
            return Violation(path: folder, line: 0, rule: "placeholder", words: "declares nothing")
        } + repository.files.filter { $0.stem == "Placeholder" || $0.bytes.isEmpty }.map {
            $0.violation(0, "placeholder", "an empty file or one that says it is a placeholder")
        }
    }

    /// No package dependencies, and no flags that keep others from depending on `HoldfastClient`.
    static func checkManifest(_ file: SourceFile) -> [Violation] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let token = tokens[index]
            if token.text == "unsafeFlags" { return file.violation(token.line, "manifest", "unsafeFlags") }
            if token.text == "package", tokens.text(at: index - 1) == ".", tokens.text(at: index + 1) == "(" {
                return file.violation(token.line, "manifest", "a package dependency")
            }
            return nil
        }
    }
}
