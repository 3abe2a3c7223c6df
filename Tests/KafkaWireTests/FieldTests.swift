import Bytes
import KafkaWire
import Testing

/// The field types, at the edges of their ranges.
struct FieldTests {
    private func reading(_ bytes: [UInt8]) -> ByteReader { ByteReader(ByteSlice(bytes)) }

    private func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        body(&writer)
        return writer.finish().array
    }

    @Test func strings() throws {
        #expect(written { $0.kafkaString("ab", flexible: false) } == [0, 2, 0x61, 0x62])
        #expect(written { $0.kafkaString("ab", flexible: true) } == [3, 0x61, 0x62])
        #expect(written { $0.kafkaNullableString(String?.none, flexible: false) } == [0xff, 0xff])
        #expect(written { $0.kafkaNullableString(String?.none, flexible: true) } == [0])
        #expect(written { $0.kafkaString(nil, flexible: true, nullable: false) } == [1])
        var null = reading([0xff, 0xff, 0])
        #expect(try null.kafkaNullableString(flexible: false) == nil)
        #expect(try null.kafkaNullableString(flexible: true) == nil)
    }

    @Test func nullWhereItIsNotAllowed() {
        for flexible in [false, true] {
            let bytes: [UInt8] = flexible ? [0] : [0xff, 0xff, 0xff, 0xff]
            let refusal = DecodeError.badLength(position: 0, length: -1)
            #expect(throws: refusal) {
                var reader = reading(bytes)
                return try reader.kafkaString(flexible: flexible)
            }
            #expect(throws: refusal) {
                var reader = reading(bytes)
                return try reader.kafkaBytes(flexible: flexible)
            }
            #expect(throws: refusal) {
                var reader = reading(bytes)
                return try reader.kafkaCount(flexible: flexible, minimumSize: 1)
            }
            #expect(throws: refusal) {
                var reader = reading(bytes)
                return try reader.kafkaStringArray(flexible: flexible)
            }
        }
    }

    @Test func lengthsBelowNullAreRefused() {
        #expect(throws: DecodeError.badLength(position: 0, length: -2)) {
            var reader = reading([0xff, 0xfe])
            return try reader.kafkaNullableString(flexible: false)
        }
        #expect(throws: DecodeError.badLength(position: 0, length: -2)) {
            var reader = reading([0xff, 0xff, 0xff, 0xfe])
            return try reader.kafkaNullableBytes(flexible: false)
        }
        #expect(throws: DecodeError.badLength(position: 0, length: Int64(Int32.min))) {
            var reader = reading([0x80, 0, 0, 0])
            return try reader.kafkaNullableCount(flexible: false, minimumSize: 1)
        }
    }

    @Test func textThatIsNotUTF8() throws {
        #expect(throws: DecodeError.badText(position: 2)) {
            var reader = reading([0, 2, 0xc3, 0x28])
            return try reader.kafkaString(flexible: false)
        }
        var reader = reading([0, 2, 0xc3, 0x28])
        #expect(try reader.kafkaStringSlice(flexible: false).array == [0xc3, 0x28])
    }

    /// An error message may quote a client's text; cutting it must not split a character.
    @Test func stringsOfAnyLengthCanBeWritten() throws {
        for (character, kept) in [("x", 32_767), ("é", 32_766), ("𝄞", 32_764)] {
            for flexible in [false, true] {
                let bytes = written { $0.kafkaString(String(repeating: character, count: 40_000), flexible: flexible) }
                var reader = reading(bytes)
                #expect(try reader.kafkaString(flexible: flexible).utf8.count == kept)
                #expect(reader.isAtEnd)
            }
        }
    }

    @Test func compactStringsAreNoLongerThanOthers() {
        let bytes = written {
            $0.unsignedVarint(32_769)
            $0.zeros(32_768)
        }
        #expect(throws: DecodeError.badLength(position: 0, length: 32_768)) {
            var reader = reading(bytes)
            return try reader.kafkaString(flexible: true)
        }
    }

    /// A count is refused before anything is reserved for it: were it not, these would ask for gigabytes.
    @Test func countsBeyondTheBytesThatRemain() {
        for count: Int32 in [Int32.max, 1 << 24, 3] {
            #expect(throws: DecodeError.badLength(position: 0, length: Int64(count))) {
                var reader = reading(written { $0.int32(count) } + [1, 2, 3, 4])
                return try reader.kafkaInt32Array(flexible: false)
            }
            #expect(throws: DecodeError.badLength(position: 0, length: Int64(count))) {
                var reader = reading(written { $0.unsignedVarint(UInt64(count) + 1) } + [1, 2])
                return try reader.kafkaNullableStringArray(flexible: true)
            }
        }
        for raw: UInt64 in [1 << 32, .max] {
            #expect(throws: DecodeError.badLength(position: 0, length: Int64(clamping: raw - 1))) {
                var reader = reading(written { $0.unsignedVarint(raw) })
                return try reader.kafkaNullableBytes(flexible: true)
            }
        }
    }

    @Test func taggedFieldsMustFillTheirSize() throws {
        let field = written { writer in
            var fields = KafkaTaggedFields()
            fields.add(5) { $0.int32(7) }
            writer.kafkaTaggedFields(fields, flexible: true)
        }
        #expect(field == [1, 5, 4, 0, 0, 0, 7])
        var reader = reading(field)
        #expect(try reader.kafkaTaggedFieldCount(flexible: true) == 1)
        let head = try reader.beginKafkaTaggedField()
        #expect(head.tag == 5 && head.size == 4)
        _ = try reader.int16()
        #expect(throws: DecodeError.badLength(position: 5, length: 4)) { try reader.endKafkaTaggedField(head) }
        _ = try reader.int16()
        try reader.endKafkaTaggedField(head)
    }

    @Test(arguments: [[0xff, 0x7f], [1, 0, 5, 1], [1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f], [2, 0, 0]] as [[UInt8]])
    func taggedFieldsThatDoNotFit(_ bytes: [UInt8]) {
        #expect(throws: DecodeError.self) {
            var reader = reading(bytes)
            try reader.skipKafkaTaggedFields(flexible: true)
        }
    }

    /// The text form of Kafka's tools, from the `Uuid` class: 16 bytes in URL-safe base 64 without padding.
    @Test func uuidText() {
        #expect(KafkaUUID.zero.description == "AAAAAAAAAAAAAAAAAAAAAA")
        #expect(KafkaUUID(high: 0, low: 1).description == "AAAAAAAAAAAAAAAAAAAAAQ")
        let id = KafkaUUID(high: 0xfbff_0123_4567_89ab, low: 0xcdef_0011_2233_4455)
        #expect(id.description == "-_8BI0VniavN7wARIjNEVQ")
        #expect(written { $0.kafkaUUID(id) }.prefix(3) == [0xfb, 0xff, 0x01])
    }
}
