import Bytes

/// The coordinator of each key asked for. Below version 4 there is exactly one, and it does not repeat its key.
package struct FindCoordinatorResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.findCoordinator
    package static let firstFlexible: Int16 = 3

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var coordinators: [Coordinator]

    package init(throttleTimeMs: Int32 = 0, coordinators: [Coordinator]) {
        self.throttleTimeMs = throttleTimeMs
        self.coordinators = coordinators
    }
}

extension FindCoordinatorResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        if version >= 4 {
            coordinators = try reader.kafkaArray(of: Coordinator.self, version: version, flexible: flexible)
        } else {
            coordinators = [try Coordinator(singleFrom: &reader, version: version)]
        }
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        if version >= 1 { writer.int32(throttleTimeMs) }
        if version >= 4 {
            writer.kafkaArray(coordinators, version: version, flexible: flexible)
        } else {
            precondition(coordinators.count == 1, "version \(version) has one coordinator, not \(coordinators)")
            coordinators[0].encodeSingle(into: &writer, version: version)
        }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension FindCoordinatorResponse {
    package struct Coordinator: KafkaStructure {
        /// Empty below version 4.
        package var key: String
        /// -1 on error.
        package var nodeId: Int32
        package var host: String
        package var port: Int32
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?

        package static let minimumSize = 14

        package init(
            key: String, nodeId: Int32, host: String, port: Int32, errorCode: KafkaErrorCode = .none,
            errorMessage: String? = nil
        ) {
            self.key = key
            self.nodeId = nodeId
            self.host = host
            self.port = port
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        /// An element of the list, from version 4.
        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            key = try reader.kafkaString(flexible: true)
            nodeId = try reader.int32()
            host = try reader.kafkaString(flexible: true)
            port = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(key, flexible: true)
            writer.int32(nodeId)
            writer.kafkaString(host, flexible: true)
            writer.int32(port)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }

        /// The fields as versions 0 to 3 have them, directly in the body.
        fileprivate init(singleFrom reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= FindCoordinatorResponse.firstFlexible
            key = ""
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try version >= 1 ? reader.kafkaNullableString(flexible: flexible) : nil
            nodeId = try reader.int32()
            host = try reader.kafkaString(flexible: flexible)
            port = try reader.int32()
        }

        fileprivate func encodeSingle(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= FindCoordinatorResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            if version >= 1 { writer.kafkaNullableString(errorMessage, flexible: flexible) }
            writer.int32(nodeId)
            writer.kafkaString(host, flexible: flexible)
            writer.int32(port)
        }
    }
}
