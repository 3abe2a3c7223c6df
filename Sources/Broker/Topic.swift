/// A topic and its partitions.
package struct Topic: Sendable {
    package let number: UInt32
    package let id: TopicID
    package let name: String
    /// By the log's clock, milliseconds.
    package let createdAt: Int64
    /// A topic of this name was deleted not long before: producers may still count on from the sequences they had
    /// there.
    let isRecreation: Bool
    /// What was set away from the defaults, sorted by name.
    package internal(set) var overrides: [ConfigEntry]
    package internal(set) var settings: TopicSettings
    package internal(set) var partitions: [PartitionState]
}
