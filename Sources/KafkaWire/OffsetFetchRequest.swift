import Bytes

/// Asks how far some groups have read. Below version 8 there is exactly one group.
package struct OffsetFetchRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.offsetFetch
    package static let firstFlexible: Int16 = 6

    package var groups: [Group]
    /// Refuse offsets that an open transaction may still change (KIP-447).
    package var requireStable: Bool

    package init(groups: [Group], requireStable: Bool = false) {
        self.groups = groups
        self.requireStable = requireStable
    }
}

extension OffsetFetchRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= OffsetFetchRequest.firstFlexible
        if version >= 8 {
            groups = try reader.kafkaArray(of: Group.self, version: version, flexible: flexible)
        } else {
            groups = [try Group(singleFrom: &reader, version: version)]
        }
        requireStable = try version >= 7 ? reader.kafkaBool() : false
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= OffsetFetchRequest.firstFlexible
        if version >= 8 {
            writer.kafkaArray(groups, version: version, flexible: flexible)
        } else {
            precondition(groups.count == 1, "version \(version) asks for one group, not \(groups)")
            groups[0].encodeSingle(into: &writer, version: version)
        }
        if version >= 7 { writer.kafkaBool(requireStable) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension OffsetFetchRequest {
    package struct Group: KafkaStructure {
        package var groupId: String
        /// With `memberEpoch`, from a member of a KIP-848 group (from version 9); nil and -1 from anyone else.
        package var memberId: String?
        package var memberEpoch: Int32
        /// nil for every topic that has offsets (from version 2).
        package var topics: [Topic]?

        package static let minimumSize = 3

        package init(groupId: String, memberId: String? = nil, memberEpoch: Int32 = -1, topics: [Topic]?) {
            self.groupId = groupId
            self.memberId = memberId
            self.memberEpoch = memberEpoch
            self.topics = topics
        }

        /// An element of the list, from version 8.
        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            groupId = try reader.kafkaString(flexible: true)
            memberId = try version >= 9 ? reader.kafkaNullableString(flexible: true) : nil
            memberEpoch = try version >= 9 ? reader.int32() : -1
            topics = try reader.kafkaNullableArray(of: Topic.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(groupId, flexible: true)
            if version >= 9 {
                writer.kafkaNullableString(memberId, flexible: true)
                writer.int32(memberEpoch)
            }
            writer.kafkaNullableArray(topics, version: version, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }

        /// The fields as versions 1 to 7 have them, directly in the body.
        fileprivate init(singleFrom reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= OffsetFetchRequest.firstFlexible
            groupId = try reader.kafkaString(flexible: flexible)
            memberId = nil
            memberEpoch = -1
            if version >= 2 {
                topics = try reader.kafkaNullableArray(of: Topic.self, version: version, flexible: flexible)
            } else {
                topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
            }
        }

        fileprivate func encodeSingle(into writer: inout ByteWriter, version: Int16) {
            precondition(version >= 2 || topics != nil, "version 1 cannot ask for all topics")
            let flexible = version >= OffsetFetchRequest.firstFlexible
            writer.kafkaString(groupId, flexible: flexible)
            writer.kafkaNullableArray(topics, version: version, flexible: flexible)
        }
    }
}

extension OffsetFetchRequest {
    package typealias Topic = KafkaTopicIndexes<OffsetFetchRequest>
}
