import Bytes

/// What precedes every request body: header version 1, or 2 (with tagged fields) in flexible versions.
package struct KafkaRequestHeader: Equatable, Sendable {
    package var apiKey: ApiKey
    package var apiVersion: Int16
    package var correlationId: Int32
    /// By reference into the frame; nil when the client gave none.
    package var clientId: ByteSlice?

    package init(apiKey: ApiKey, apiVersion: Int16, correlationId: Int32, clientId: ByteSlice? = nil) {
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.correlationId = correlationId
        self.clientId = clientId
    }

    package var clientIdText: String? { clientId?.text }

    /// Reads the header and checks that the version is served. The client id is never compact, not even in header
    /// version 2, so that a broker can read it in a version it does not know.
    package init(from reader: inout ByteReader) throws(KafkaRequestError) {
        let rawKey: Int16
        do {
            rawKey = try reader.int16()
            apiVersion = try reader.int16()
            correlationId = try reader.int32()
        } catch { throw .malformedHeader(error) }
        guard let key = ApiKey(rawValue: rawKey) else {
            throw .unknownApi(key: rawKey, version: apiVersion, correlationId: correlationId)
        }
        apiKey = key
        let api = SupportedApis[key]
        do {
            clientId = try reader.kafkaNullableStringSlice(flexible: false)
        } catch { throw .malformedHeader(error) }
        guard api.serves(apiVersion) else { throw .unsupportedVersion(self) }
        do {
            try reader.skipKafkaTaggedFields(flexible: api.isFlexible(apiVersion))
        } catch { throw .malformedHeader(error) }
    }

    package func encode(into writer: inout ByteWriter) {
        writer.int16(apiKey.rawValue)
        writer.int16(apiVersion)
        writer.int32(correlationId)
        writer.kafkaNullableString(clientId, flexible: false)
        writer.kafkaNoTaggedFields(flexible: SupportedApis[apiKey].isFlexible(apiVersion))
    }
}
