/// Which values a configuration takes.
package enum ConfigRule: Hashable, Sendable {
    case boolean
    case integer(ClosedRange<Int64>)
    case oneOf([String])
    /// Comma-separated, each of these; or none.
    case listOf([String])
    /// A decimal fraction from 0 to 1, as text: there is no floating point in replicated state.
    case ratio

    /// What to tell someone whose value was refused.
    package var expected: String {
        switch self {
        case .boolean: "true or false"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .oneOf(let values): "one of " + values.joined(separator: ", ")
        case .listOf(let values): "a comma-separated list of " + values.joined(separator: ", ")
        case .ratio: "a number from 0 to 1"
        }
    }

    func accepts(_ value: String) -> Bool {
        switch self {
        case .boolean: value == "true" || value == "false"
        case .integer(let range): Int64(value).map(range.contains) ?? false
        case .oneOf(let values): values.contains(value)
        case .listOf(let values):
            value.isEmpty
                || value.split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
                    values.contains(String($0.drop { $0 == " " }))
                }
        case .ratio: Self.isRatio(Array(value.utf8))
        }
    }

    private static func isRatio(_ digits: [UInt8]) -> Bool {
        guard let first = digits.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1") else { return false }
        if digits.count == 1 { return true }
        let highest = first == UInt8(ascii: "1") ? UInt8(ascii: "0") : UInt8(ascii: "9")
        return digits[1] == UInt8(ascii: ".") && digits.count > 2
            && digits[2...].allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= highest }
    }
}
