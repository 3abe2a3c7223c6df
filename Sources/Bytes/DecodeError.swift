/// Why bytes could not be decoded. Positions are byte offsets into the slice being read.
package enum DecodeError: Error, Equatable, Sendable {
    /// `needed` bytes were wanted at `position`, `available` were there.
    case truncated(position: Int, needed: Int, available: Int)
    /// A length or element count that is negative where it may not be, or larger than the bytes that remain.
    case badLength(position: Int, length: Int64)
    /// A variable-length integer longer than its type allows.
    case badVarint(position: Int)
    /// A string that is not UTF-8.
    case badText(position: Int)
    /// A field with a value its format does not allow.
    case badValue(String, Int64)
    /// Bytes left over after the last field.
    case trailing(position: Int, count: Int)
}

extension DecodeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let position, let needed, let available):
            "truncated at byte \(position): needs \(needed) bytes, \(available) remain"
        case .badLength(let position, let length): "impossible length \(length) at byte \(position)"
        case .badVarint(let position): "overlong variable-length integer at byte \(position)"
        case .badText(let position): "text at byte \(position) is not UTF-8"
        case .badValue(let field, let value): "\(field) cannot be \(value)"
        case .trailing(let position, let count): "\(count) unexpected bytes after the last field, at byte \(position)"
        }
    }
}
