import CSystem
import Synchronization

/// Structured log lines: `2026-11-21T01:02:03.456Z INFO node=1 event="became leader" term=3`.
///
/// Callable from any thread. A line is one `write`, so lines of several threads do not mix. Values are quoted and
/// escaped, so bytes from the wire can neither forge a line nor steer a terminal. A line below the level costs one
/// comparison: its fields are not even built.
package final class LineLogger: Sendable {
    package let level: LogLevel
    private let descriptor: Int32
    private let prefix: String
    private let lost = Atomic<UInt64>(0)

    /// A value longer than this is cut.
    static let maximumValue = 1024

    /// `node` is put on every line. Writes to standard error unless told otherwise.
    package init(node: UInt32? = nil, level: LogLevel = .info, descriptor: Int32 = 2) {
        self.level = level
        self.descriptor = descriptor
        prefix = node.map { "node=\($0) " } ?? ""
    }

    /// Lines that the descriptor did not take.
    package var lostLines: UInt64 { lost.load(ordering: .relaxed) }

    package func log(_ level: LogLevel, _ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        guard level >= self.level else { return }
        var line = [UInt8]()
        line.reserveCapacity(256)
        line.append(contentsOf: Self.timestamp(holdfast_wall_milliseconds()).utf8)
        line.append(contentsOf: " \(level.word) \(prefix)event=".utf8)
        Self.append(event, to: &line)
        for (key, value) in fields() {
            line.append(UInt8(ascii: " "))
            line.append(contentsOf: key.utf8)
            line.append(UInt8(ascii: "="))
            Self.append(value.description, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        if holdfast_write_all(descriptor, line, line.count) < 0 { lost.add(1, ordering: .relaxed) }
    }

    package func debug(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.debug, event, fields()) }
    package func info(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.info, event, fields()) }
    package func warning(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, event, fields())
    }
    package func error(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.error, event, fields()) }
}

// MARK: - Format

extension LineLogger {
    /// UTC, with milliseconds.
    static func timestamp(_ milliseconds: Int64) -> String {
        let days = Int(floorDivide(milliseconds, 86_400_000))
        let rest = Int(milliseconds - Int64(days) * 86_400_000)
        let (year, month, day) = date(daysSince1970: days)
        let clock = [pad(rest / 3_600_000, 2), pad(rest / 60_000 % 60, 2), pad(rest / 1000 % 60, 2)]
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(clock.joined(separator: ":")).\(pad(rest % 1000, 3))Z"
    }

    /// The proleptic Gregorian date. Counts years from 1 March, so that a leap day is the last day of its year.
    private static func date(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let sinceEra = days + 719_468
        let era = Int(floorDivide(Int64(sinceEra), 146_097))
        let dayOfEra = sinceEra - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    static func append(_ value: String, to line: inout [UInt8]) {
        if !value.isEmpty, value.utf8.count <= maximumValue, value.utf8.allSatisfy(isBare) {
            line.append(contentsOf: value.utf8)
            return
        }
        line.append(UInt8(ascii: "\""))
        let limit = line.count + maximumValue
        for scalar in value.unicodeScalars {
            if line.count >= limit {
                line.append(contentsOf: "...".utf8)
                break
            }
            append(scalar, to: &line)
        }
        line.append(UInt8(ascii: "\""))
    }

    private static func append(_ scalar: Unicode.Scalar, to line: inout [UInt8]) {
        switch scalar {
        case "\"": line.append(contentsOf: "\\\"".utf8)
        case "\\": line.append(contentsOf: "\\\\".utf8)
        case "\n": line.append(contentsOf: "\\n".utf8)
        case "\r": line.append(contentsOf: "\\r".utf8)
        case "\t": line.append(contentsOf: "\\t".utf8)
        default:
            if isUnprintable(scalar) {
                line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
            } else {
                line.append(contentsOf: String(scalar).utf8)
            }
        }
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._:/+@,[]%".utf8.contains(byte)
        }
    }

    /// Control characters, and the format characters (line separators, direction overrides) that change how a
    /// viewer lays out the rest of the line.
    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: false
        }
    }
}
