import Bytes

/// Asks which APIs and versions the broker serves: the first request on a connection (KIP-511).
package struct ApiVersionsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.apiVersions
    package static let firstFlexible: Int16 = 3

    /// Name and version of the client library, for metrics; empty below version 3.
    package var clientSoftwareName: String
    package var clientSoftwareVersion: String

    package init(clientSoftwareName: String = "", clientSoftwareVersion: String = "") {
        self.clientSoftwareName = clientSoftwareName
        self.clientSoftwareVersion = clientSoftwareVersion
    }
}

extension ApiVersionsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ApiVersionsRequest.firstFlexible
        clientSoftwareName = try version >= 3 ? reader.kafkaString(flexible: flexible) : ""
        clientSoftwareVersion = try version >= 3 ? reader.kafkaString(flexible: flexible) : ""
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ApiVersionsRequest.firstFlexible
        if version >= 3 {
            writer.kafkaString(clientSoftwareName, flexible: flexible)
            writer.kafkaString(clientSoftwareVersion, flexible: flexible)
        }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
