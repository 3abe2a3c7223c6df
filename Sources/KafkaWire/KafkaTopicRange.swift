import Bytes

/// A topic of a message on the hot path, whose partitions lie in one flat array for all topics: a request for one
/// partition then costs two small arrays, and no string.
package struct KafkaTopicRange: Equatable, Sendable {
    /// By reference into the frame; not checked to be UTF-8. A name with other bytes matches no topic.
    package var name: ByteSlice
    /// Instead of the name in versions that identify topics (KIP-516); nil in the others.
    package var id: KafkaUUID?
    /// Positions in the message's `partitions`.
    package var partitions: Range<Int>

    package init(name: ByteSlice, id: KafkaUUID? = nil, partitions: Range<Int>) {
        self.name = name
        self.id = id
        self.partitions = partitions
    }

    package var nameText: String { name.text }
}
