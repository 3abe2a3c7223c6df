/// How much a log line matters, least first.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// The word in the line.
    var word: String {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARN"
        case .error: "ERROR"
        }
    }

    /// A level by its name in a configuration, for example "warning" or "WARN".
    package init?(named name: String) {
        let wanted = name.uppercased()
        guard let found = Self.allCases.first(where: { $0.word == wanted || "\($0)".uppercased() == wanted }) else {
            return nil
        }
        self = found
    }
}

/// The pairs of a log line, in order.
package typealias LogFields = KeyValuePairs<String, any CustomStringConvertible>
