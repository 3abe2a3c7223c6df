import Bytes

/// Moves partitions to another directory of this broker (KIP-113).
package struct AlterReplicaLogDirsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.alterReplicaLogDirs
    package static let firstFlexible: Int16 = 2

    package var dirs: [Directory]

    package init(dirs: [Directory]) {
        self.dirs = dirs
    }
}

extension AlterReplicaLogDirsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= AlterReplicaLogDirsRequest.firstFlexible
        dirs = try reader.kafkaArray(of: Directory.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= AlterReplicaLogDirsRequest.firstFlexible
        writer.kafkaArray(dirs, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension AlterReplicaLogDirsRequest {
    package struct Directory: KafkaStructure {
        /// Absolute.
        package var path: String
        package var topics: [Topic]

        package static let minimumSize = 3

        package init(path: String, topics: [Topic]) {
            self.path = path
            self.topics = topics
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= AlterReplicaLogDirsRequest.firstFlexible
            path = try reader.kafkaString(flexible: flexible)
            topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= AlterReplicaLogDirsRequest.firstFlexible
            writer.kafkaString(path, flexible: flexible)
            writer.kafkaArray(topics, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension AlterReplicaLogDirsRequest {
    package typealias Topic = KafkaTopicIndexes<AlterReplicaLogDirsRequest>
}
