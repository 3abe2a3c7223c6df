import Bytes

/// A producer id and its epoch.
package struct InitProducerIdResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.initProducerId
    package static let firstFlexible: Int16 = 2

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    /// -1 on error.
    package var producerId: Int64
    package var producerEpoch: Int16

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, producerId: Int64 = -1, producerEpoch: Int16
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.producerId = producerId
        self.producerEpoch = producerEpoch
    }
}

extension InitProducerIdResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= InitProducerIdResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        producerId = try reader.int64()
        producerEpoch = try reader.int16()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= InitProducerIdResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.int64(producerId)
        writer.int16(producerEpoch)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
