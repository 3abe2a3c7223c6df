import Bytes

/// The frame around a message: a four-byte length, the header, the body. Several frames may be written to one writer.
package enum KafkaFrame {
    /// Starts a response frame; give the result to `end` after the body is written.
    package static func beginResponse(
        _ key: ApiKey, version: Int16, correlationId: Int32, into writer: inout ByteWriter
    ) -> Int {
        let start = writer.count
        writer.int32(0)
        writer.int32(correlationId)
        writer.kafkaNoTaggedFields(flexible: SupportedApis[key].responseHeaderIsFlexible(version))
        return start
    }

    /// Starts a request frame; give the result to `end` after the body is written.
    package static func beginRequest(_ header: KafkaRequestHeader, into writer: inout ByteWriter) -> Int {
        let start = writer.count
        writer.int32(0)
        header.encode(into: &writer)
        return start
    }

    /// Patches the length of the frame that starts at `start`. `external` counts bytes of the frame that are sent
    /// from elsewhere, as record data is.
    package static func end(_ start: Int, external: Int = 0, in writer: inout ByteWriter) {
        writer.patch(Int32(writer.count - start - 4 + external), at: start)
    }
}

extension KafkaRequestBody {
    /// Appends a whole request frame.
    package func encodeFrame(
        into writer: inout ByteWriter, version: Int16, correlationId: Int32, clientId: ByteSlice? = nil
    ) {
        let header = KafkaRequestHeader(
            apiKey: Self.apiKey, apiVersion: version, correlationId: correlationId, clientId: clientId)
        let start = KafkaFrame.beginRequest(header, into: &writer)
        encode(into: &writer, version: version)
        KafkaFrame.end(start, in: &writer)
    }
}

extension KafkaResponseBody {
    /// Appends a whole response frame.
    package func encodeFrame(into writer: inout ByteWriter, version: Int16, correlationId: Int32) {
        let start = KafkaFrame.beginResponse(
            Self.apiKey, version: version, correlationId: correlationId, into: &writer)
        encode(into: &writer, version: version)
        KafkaFrame.end(start, in: &writer)
    }

    /// Decodes one response frame, without its length prefix, to a request of `version`. The first four bytes of the
    /// frame are the correlation id, by which a client finds out which request it answers.
    package static func decode(
        frame: ByteSlice, version: Int16
    ) throws(DecodeError) -> (correlationId: Int32, body: Self) {
        var reader = ByteReader(frame)
        let correlationId = try reader.int32()
        let flexible = SupportedApis[apiKey].responseHeaderIsFlexible(version)
        try reader.skipKafkaTaggedFields(flexible: flexible)
        let body = try Self(from: &reader, version: version)
        try reader.requireEnd()
        return (correlationId, body)
    }
}
