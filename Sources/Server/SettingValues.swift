import Ports
import SystemIO

/// Raw values of settings by name, merged from flags, environment and one file; the accessors check them.
package struct SettingValues: Sendable {
    private var values: [String: String] = [:]

    /// - Parameters:
    ///   - arguments: words after `holdfast serve`.
    ///   - environment: the process's environment; only names that start with HOLDFAST_ are looked at.
    ///   - readFile: returns the text of the configuration file.
    package init(
        arguments: [String], environment: [String: String],
        readFile: (String) throws(ConfigurationError) -> String
    ) throws(ConfigurationError) {
        var flags: [String: String] = [:]
        try Self.parse(arguments, into: &flags)
        let fromEnvironment = try Self.parse(environment)
        if let file = flags.removeValue(forKey: "config") ?? fromEnvironment["config"] {
            values = try Self.parse(file: file, text: try readFile(file))
        }
        for (name, value) in fromEnvironment where name != "config" { values[name] = value }
        for (name, value) in flags { values[name] = value }
    }

    private static func parse(
        _ arguments: [String], into flags: inout [String: String]
    ) throws(ConfigurationError) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else { throw ConfigurationError("unexpected argument '\(word)'") }
            var name = String(word.dropFirst(2))
            var value: String?
            if let equals = name.firstIndex(of: "=") {
                value = String(name[name.index(after: equals)...])
                name = String(name[..<equals])
            }
            guard isKnown(name) else { throw ConfigurationError("unknown flag --\(name)") }
            guard let given = value ?? rest.popFirst() else { throw ConfigurationError("--\(name) needs a value") }
            guard flags[name] == nil else { throw ConfigurationError("--\(name) is given twice") }
            flags[name] = given
        }
    }

    /// Environment names that only the tests read.
    private static let scriptNames: Set<String> = ["HOLDFAST_REWRITE"]

    private static func parse(_ environment: [String: String]) throws(ConfigurationError) -> [String: String] {
        var result: [String: String] = [:]
        for name in environment.keys.sorted() where name.hasPrefix("HOLDFAST_") && !scriptNames.contains(name) {
            let setting = String(name.dropFirst("HOLDFAST_".count)).lowercased().replacing("_", with: "-")
            guard isKnown(setting) else { throw ConfigurationError("unknown environment variable \(name)") }
            result[setting] = environment[name]
        }
        return result
    }

    private static func parse(file: String, text: String) throws(ConfigurationError) -> [String: String] {
        var result: [String: String] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = trimmed(line.prefix { $0 != "#" })
            if content.isEmpty { continue }
            guard let equals = content.firstIndex(of: "=") else {
                throw ConfigurationError("\(file):\(number + 1): expected 'name = value'")
            }
            let name = trimmed(content[..<equals])
            guard isKnown(name), name != "config" else {
                throw ConfigurationError("\(file):\(number + 1): unknown setting '\(name)'")
            }
            guard result[name] == nil else {
                throw ConfigurationError("\(file):\(number + 1): '\(name)' is given twice")
            }
            result[name] = trimmed(content[content.index(after: equals)...])
        }
        return result
    }

    private static func isKnown(_ name: String) -> Bool {
        name == "config" || Setting.all.contains { $0.name == name }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var content = text[...]
        while let first = content.first, first.isWhitespace { content.removeFirst() }
        while let last = content.last, last.isWhitespace { content.removeLast() }
        return String(content)
    }

    private func value(_ name: String) -> String? {
        values[name] ?? Setting.all.first { $0.name == name }?.defaultValue
    }

    package func text(_ name: String) throws(ConfigurationError) -> String {
        guard let value = value(name), !value.isEmpty else { throw ConfigurationError("--\(name) is required") }
        return value
    }

    package func integer(_ name: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let value = try text(name)
        guard let number = Int(value), range.contains(number) else {
            throw ConfigurationError(
                "\(name) '\(value)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func integer(
        _ name: String, in range: ClosedRange<Int>, default fallback: Int
    ) throws(ConfigurationError) -> Int {
        value(name) == nil ? fallback : try integer(name, in: range)
    }

    package func boolean(_ name: String) throws(ConfigurationError) -> Bool {
        switch try text(name) {
        case "true": return true
        case "false": return false
        case let other: throw ConfigurationError("\(name) '\(other)' is neither true nor false")
        }
    }

    package func address(_ name: String) throws(ConfigurationError) -> Address {
        let value = try text(name)
        guard let address = Address(value) else { throw ConfigurationError("\(name) '\(value)' is not HOST:PORT") }
        return address
    }

    package func optionalAddress(_ name: String) throws(ConfigurationError) -> Address? {
        value(name) == nil ? nil : try address(name)
    }

    package func addresses(
        _ name: String, default fallback: [NodeID: Address]? = nil
    ) throws(ConfigurationError) -> [NodeID: Address] {
        if let fallback, value(name) == nil { return fallback }
        return try Self.parseAddresses(try text(name), setting: name)
    }

    /// `1=host:port,2=host:port,...`
    package static func parseAddresses(
        _ text: String, setting name: String
    ) throws(ConfigurationError) -> [NodeID: Address] {
        var result: [NodeID: Address] = [:]
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let number = UInt32(trimmed(sides[0])), number > 0,
                let address = Address(trimmed(sides[1]))
            else { throw ConfigurationError("\(name): '\(part)' is not N=HOST:PORT") }
            guard result.updateValue(address, forKey: NodeID(number)) == nil else {
                throw ConfigurationError("\(name) lists node \(number) twice")
            }
        }
        return result
    }
}
