import Bytes

/// What a consumer says of itself to the others of its group under the classic protocol (schema
/// ConsumerProtocolSubscription): the metadata in JoinGroup when the protocol type is "consumer". The broker reads it
/// where it has to assign to such a member.
package struct ConsumerProtocolSubscription: Equatable, Sendable {
    package var version: Int16
    package var topics: [String]
    /// What it reads already; since version 1. Nothing if it has given up all to join, as eager consumers do.
    package var ownedPartitions: [ConsumerProtocolPartitions]
    /// Since version 3.
    package var rackId: String?

    package static let newestVersion: Int16 = 3

    package init(
        version: Int16 = newestVersion, topics: [String], ownedPartitions: [ConsumerProtocolPartitions] = [],
        rackId: String? = nil
    ) {
        self.version = version
        self.topics = topics
        self.ownedPartitions = ownedPartitions
        self.rackId = rackId
    }

    /// What later versions add at the end is passed over.
    package init(from bytes: ByteSlice) throws(DecodeError) {
        var reader = ByteReader(bytes)
        let written = try reader.int16()
        guard written >= 0 else { throw .badValue("subscription version", Int64(written)) }
        version = min(written, Self.newestVersion)
        topics = try reader.kafkaStringArray(flexible: false)
        // The assignor's own.
        _ = try reader.kafkaNullableBytes(flexible: false)
        ownedPartitions = []
        if version >= 1 {
            ownedPartitions = try reader.kafkaArray(
                of: ConsumerProtocolPartitions.self, version: version, flexible: false)
        }
        if version >= 2 { _ = try reader.int32() }
        if version >= 3 { rackId = try reader.kafkaNullableString(flexible: false) }
    }

    package func encoded() -> ByteSlice {
        var writer = ByteWriter()
        writer.int16(version)
        writer.kafkaStringArray(topics, flexible: false)
        writer.kafkaNullableBytes(nil, flexible: false)
        if version >= 1 { writer.kafkaArray(ownedPartitions, version: version, flexible: false) }
        // The generation in which it was given them; no one asks for it here.
        if version >= 2 { writer.int32(-1) }
        if version >= 3 { writer.kafkaNullableString(rackId, flexible: false) }
        return writer.finish()
    }
}

/// What a consumer is to read under the classic protocol (schema ConsumerProtocolAssignment).
package struct ConsumerProtocolAssignment: Equatable, Sendable {
    package var version: Int16
    package var partitions: [ConsumerProtocolPartitions]
    /// The assignor has added something of its own.
    package var hasUserData = false

    package init(version: Int16, partitions: [ConsumerProtocolPartitions]) {
        self.version = version
        self.partitions = partitions
    }

    /// No bytes at all stand for no partitions.
    package init(from bytes: ByteSlice) throws(DecodeError) {
        version = 0
        partitions = []
        if bytes.isEmpty { return }
        var reader = ByteReader(bytes)
        version = try reader.int16()
        guard version >= 0 else { throw .badValue("assignment version", Int64(version)) }
        partitions = try reader.kafkaArray(of: ConsumerProtocolPartitions.self, version: version, flexible: false)
        hasUserData = try reader.kafkaNullableBytes(flexible: false).map { !$0.isEmpty } ?? false
    }

    package func encoded() -> ByteSlice {
        var writer = ByteWriter()
        writer.int16(version)
        writer.kafkaArray(partitions, version: version, flexible: false)
        writer.kafkaNullableBytes(nil, flexible: false)
        return writer.finish()
    }
}

/// Partitions of one topic, by its name.
package struct ConsumerProtocolPartitions: KafkaStructure, Equatable, Sendable {
    package var topic: String
    package var partitions: [Int32]

    package static let minimumSize = 6

    package init(topic: String, partitions: [Int32]) {
        self.topic = topic
        self.partitions = partitions
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        topic = try reader.kafkaString(flexible: false)
        partitions = try reader.kafkaInt32Array(flexible: false)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaString(topic, flexible: false)
        writer.kafkaInt32Array(partitions, flexible: false)
    }
}
