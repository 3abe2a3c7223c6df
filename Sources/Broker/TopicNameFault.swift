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
