import Bytes

/// How far each group asked for has read. Below version 8 there is exactly one, and it does not repeat its id.
package struct OffsetFetchResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.offsetFetch
    package static let firstFlexible: Int16 = 6

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var groups: [Group]

    package init(throttleTimeMs: Int32 = 0, groups: [Group]) {
        self.throttleTimeMs = throttleTimeMs
        self.groups = groups
    }
}

extension OffsetFetchResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= OffsetFetchResponse.firstFlexible
        throttleTimeMs = try version >= 3 ? reader.int32() : 0
        if version >= 8 {
            groups = try reader.kafkaArray(of: Group.self, version: version, flexible: flexible)
        } else {
            groups = [try Group(singleFrom: &reader, version: version)]
        }
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= OffsetFetchResponse.firstFlexible
        if version >= 3 { writer.int32(throttleTimeMs) }
        if version >= 8 {
            writer.kafkaArray(groups, version: version, flexible: flexible)
        } else {
            precondition(groups.count == 1, "version \(version) has one group, not \(groups)")
            groups[0].encodeSingle(into: &writer, version: version)
        }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension OffsetFetchResponse {
    package struct Group: KafkaStructure {
        /// Empty below version 8.
        package var groupId: String
        package var topics: [Topic]
        /// That of the whole group. Version 1 does not have it: there each partition must carry it.
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 5

        package init(groupId: String, topics: [Topic], errorCode: KafkaErrorCode = .none) {
            self.groupId = groupId
            self.topics = topics
            self.errorCode = errorCode
        }

        /// An element of the list, from version 8.
        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            groupId = try reader.kafkaString(flexible: true)
            topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(groupId, flexible: true)
            writer.kafkaArray(topics, version: version, flexible: true)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: true)
        }

        /// The fields as versions 1 to 7 have them, directly in the body.
        fileprivate init(singleFrom reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= OffsetFetchResponse.firstFlexible
            groupId = ""
            topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
            errorCode = try version >= 2 ? reader.kafkaErrorCode() : .none
        }

        fileprivate func encodeSingle(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= OffsetFetchResponse.firstFlexible
            writer.kafkaArray(topics, version: version, flexible: flexible)
            if version >= 2 { writer.kafkaErrorCode(errorCode) }
        }
    }
}

extension OffsetFetchResponse {
    package typealias Topic = KafkaTopic<OffsetFetchResponse, Partition>
}

extension OffsetFetchResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        /// The next offset to read; -1 when none is stored.
        package var committedOffset: Int64
        /// Of the last record read; -1 when unknown (KIP-320).
        package var committedLeaderEpoch: Int32
        /// The client's own note.
        package var metadata: String?
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 16

        package init(
            partitionIndex: Int32, committedOffset: Int64 = -1, committedLeaderEpoch: Int32 = -1,
            metadata: String? = nil, errorCode: KafkaErrorCode = .none
        ) {
            self.partitionIndex = partitionIndex
            self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch
            self.metadata = metadata
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= OffsetFetchResponse.firstFlexible
            partitionIndex = try reader.int32()
            committedOffset = try reader.int64()
            committedLeaderEpoch = try version >= 5 ? reader.int32() : -1
            metadata = try reader.kafkaNullableString(flexible: flexible)
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= OffsetFetchResponse.firstFlexible
            writer.int32(partitionIndex)
            writer.int64(committedOffset)
            if version >= 5 { writer.int32(committedLeaderEpoch) }
            writer.kafkaNullableString(metadata, flexible: flexible)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
