import Bytes

/// Of the two requests that store how far a group has read.
package protocol KafkaOffsetCommitKind: KafkaMessageKind {
    /// First version whose partitions have the leader epoch of the last record read.
    static var firstLeaderEpoch: Int16 { get }
}

/// An offset to store.
package struct KafkaOffsetCommitPartition<Kind: KafkaOffsetCommitKind>: KafkaStructure {
    package var partitionIndex: Int32
    /// The next offset to read.
    package var committedOffset: Int64
    /// Of the last record read; -1 when unknown (KIP-320).
    package var committedLeaderEpoch: Int32
    /// The client's own note.
    package var committedMetadata: String?

    package static var minimumSize: Int { 14 }

    package init(
        partitionIndex: Int32, committedOffset: Int64, committedLeaderEpoch: Int32 = -1,
        committedMetadata: String? = nil
    ) {
        self.partitionIndex = partitionIndex
        self.committedOffset = committedOffset
        self.committedLeaderEpoch = committedLeaderEpoch
        self.committedMetadata = committedMetadata
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Kind.firstFlexible
        partitionIndex = try reader.int32()
        committedOffset = try reader.int64()
        committedLeaderEpoch = try version >= Kind.firstLeaderEpoch ? reader.int32() : -1
        committedMetadata = try reader.kafkaNullableString(flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Kind.firstFlexible
        writer.int32(partitionIndex)
        writer.int64(committedOffset)
        if version >= Kind.firstLeaderEpoch { writer.int32(committedLeaderEpoch) }
        writer.kafkaNullableString(committedMetadata, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
