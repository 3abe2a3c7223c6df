import Bytes

extension ProduceResponse {
    package struct Partition: KafkaStructure {
        package var index: Int32
        package var errorCode: KafkaErrorCode
        /// Offset of the first record; -1 on error.
        package var baseOffset: Int64
        /// Milliseconds, when the topic stamps records itself (LogAppendTime); otherwise -1.
        package var logAppendTimeMs: Int64
        /// -1 when unknown, as below version 5.
        package var logStartOffset: Int64
        /// Which records were refused (from version 8, KIP-467).
        package var recordErrors: [RecordError]
        /// nil when there is nothing to add to the code; from version 8.
        package var errorMessage: String?
        /// With an error that tells the leader has moved (from version 10, KIP-951).
        package var currentLeader: KafkaLeader?

        package static let minimumSize = 22

        package init(
            index: Int32, errorCode: KafkaErrorCode = .none, baseOffset: Int64, logAppendTimeMs: Int64 = -1,
            logStartOffset: Int64 = -1, recordErrors: [RecordError] = [], errorMessage: String? = nil,
            currentLeader: KafkaLeader? = nil
        ) {
            self.index = index
            self.errorCode = errorCode
            self.baseOffset = baseOffset
            self.logAppendTimeMs = logAppendTimeMs
            self.logStartOffset = logStartOffset
            self.recordErrors = recordErrors
            self.errorMessage = errorMessage
            self.currentLeader = currentLeader
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ProduceResponse.firstFlexible
            index = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            baseOffset = try reader.int64()
            logAppendTimeMs = try reader.int64()
            logStartOffset = try version >= 5 ? reader.int64() : -1
            recordErrors =
                try version >= 8 ? reader.kafkaArray(of: RecordError.self, version: version, flexible: flexible) : []
            errorMessage = try version >= 8 ? reader.kafkaNullableString(flexible: flexible) : nil
            for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
                let field = try reader.beginKafkaTaggedField()
                switch field.tag {
                case 0 where version >= 10: currentLeader = try KafkaLeader(from: &reader)
                default: try reader.skip(field.size)
                }
                try reader.endKafkaTaggedField(field)
            }
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ProduceResponse.firstFlexible
            writer.int32(index)
            writer.kafkaErrorCode(errorCode)
            writer.int64(baseOffset)
            writer.int64(logAppendTimeMs)
            if version >= 5 { writer.int64(logStartOffset) }
            if version >= 8 {
                writer.kafkaArray(recordErrors, version: version, flexible: flexible)
                writer.kafkaNullableString(errorMessage, flexible: flexible)
            }
            if version >= 10, let currentLeader {
                writer.kafkaTaggedFieldHeads(count: 1)
                writer.kafkaTaggedFieldHead(0, size: KafkaLeader.encodedSize)
                currentLeader.encode(into: &writer)
            } else {
                writer.kafkaNoTaggedFields(flexible: flexible)
            }
        }
    }

    /// A record that was refused, by its position in the batch.
    package struct RecordError: KafkaStructure {
        package var batchIndex: Int32
        package var message: String?

        package static let minimumSize = 6

        package init(batchIndex: Int32, message: String? = nil) {
            self.batchIndex = batchIndex
            self.message = message
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ProduceResponse.firstFlexible
            batchIndex = try reader.int32()
            message = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ProduceResponse.firstFlexible
            writer.int32(batchIndex)
            writer.kafkaNullableString(message, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
