/// What is wrong with a topic name, by Kafka's rules.
package enum TopicNameFault: Hashable, Sendable {
    case empty
    /// More than 249 bytes.
    case tooLong
    /// "." or "..".
    case dots
    /// Something other than a-z, A-Z, 0-9, '.', '_' and '-'.
    case character
}

extension TopicNameFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "it is empty"
        case .tooLong: "it is longer than 249 characters"
        case .dots: "'.' and '..' are reserved"
        case .character: "only letters, digits, '.', '_' and '-' are allowed"
        }
    }
}
