import Bytes

/// The field types of the Kafka protocol; see the same extension of `ByteReader`.
extension ByteWriter {
    package mutating func kafkaBool(_ value: Bool) { uint8(value ? 1 : 0) }

    package mutating func kafkaErrorCode(_ code: KafkaErrorCode) { int16(code.rawValue) }

    package mutating func kafkaUUID(_ id: KafkaUUID) {
        uint64(id.high)
        uint64(id.low)
    }

    private mutating func kafkaStringLength(_ length: Int, flexible: Bool) {
        if flexible {
            unsignedVarint(UInt64(length) + 1)
        } else {
            int16(Int16(length))
        }
    }

    /// A string. One that is longer than the format allows is cut at a character boundary: an error message may quote
    /// a client's text, and a long one must not take the broker down.
    package mutating func kafkaString(_ string: String, flexible: Bool) {
        let length = string.utf8.count
        guard length > ByteReader.kafkaMaximumString else {
            kafkaStringLength(length, flexible: flexible)
            text(string)
            return
        }
        let utf8 = string.utf8
        var end = utf8.index(utf8.startIndex, offsetBy: ByteReader.kafkaMaximumString)
        while utf8[end] & 0xc0 == 0x80 { end = utf8.index(before: end) }
        kafkaString(String(string[..<end]), flexible: flexible)
    }

    package mutating func kafkaNullableString(_ string: String?, flexible: Bool) {
        guard let string else { return kafkaNullString(flexible: flexible) }
        kafkaString(string, flexible: flexible)
    }

    /// A string that is null only where `nullable`; elsewhere nil is written as the empty string.
    package mutating func kafkaString(_ string: String?, flexible: Bool, nullable: Bool) {
        nullable ? kafkaNullableString(string, flexible: flexible) : kafkaString(string ?? "", flexible: flexible)
    }

    private mutating func kafkaNullString(flexible: Bool) {
        if flexible { uint8(0) } else { int16(-1) }
    }

    /// A string that is already bytes, as a decoded request or a topic table gives it.
    package mutating func kafkaString(_ slice: ByteSlice, flexible: Bool) {
        precondition(slice.count <= ByteReader.kafkaMaximumString, "Kafka string of \(slice.count) bytes")
        kafkaStringLength(slice.count, flexible: flexible)
        bytes(slice)
    }

    package mutating func kafkaNullableString(_ slice: ByteSlice?, flexible: Bool) {
        guard let slice else { return kafkaNullString(flexible: flexible) }
        kafkaString(slice, flexible: flexible)
    }

    package mutating func kafkaNullableBytes(_ slice: ByteSlice?, flexible: Bool) {
        kafkaNullableLength(slice?.count, flexible: flexible)
        if let slice { bytes(slice) }
    }

    package mutating func kafkaBytes(_ slice: ByteSlice, flexible: Bool) {
        kafkaNullableBytes(slice, flexible: flexible)
    }

    /// The length of a byte field or the count of an array; nil for null.
    package mutating func kafkaNullableLength(_ length: Int?, flexible: Bool) {
        if flexible {
            unsignedVarint(length.map { UInt64($0) + 1 } ?? 0)
        } else {
            int32(length.map { Int32($0) } ?? -1)
        }
    }

    package mutating func kafkaCount(_ count: Int, flexible: Bool) {
        kafkaNullableLength(count, flexible: flexible)
    }

    package mutating func kafkaNullableArray<Element: KafkaStructure>(
        _ elements: [Element]?, version: Int16, flexible: Bool
    ) {
        kafkaNullableLength(elements?.count, flexible: flexible)
        for element in elements ?? [] { element.encode(into: &self, version: version) }
    }

    package mutating func kafkaArray<Element: KafkaStructure>(_ elements: [Element], version: Int16, flexible: Bool) {
        kafkaCount(elements.count, flexible: flexible)
        for element in elements { element.encode(into: &self, version: version) }
    }

    package mutating func kafkaInt8Array(_ elements: [Int8], flexible: Bool) {
        kafkaCount(elements.count, flexible: flexible)
        for element in elements { int8(element) }
    }

    package mutating func kafkaInt32Array(_ elements: [Int32], flexible: Bool) {
        kafkaCount(elements.count, flexible: flexible)
        for element in elements { int32(element) }
    }

    package mutating func kafkaInt64Array(_ elements: [Int64], flexible: Bool) {
        kafkaCount(elements.count, flexible: flexible)
        for element in elements { int64(element) }
    }

    package mutating func kafkaNullableInt32Array(_ elements: [Int32]?, flexible: Bool) {
        guard let elements else { return kafkaNullableLength(nil, flexible: flexible) }
        kafkaInt32Array(elements, flexible: flexible)
    }

    package mutating func kafkaStringArray(_ elements: [String], flexible: Bool) {
        kafkaCount(elements.count, flexible: flexible)
        for element in elements { kafkaString(element, flexible: flexible) }
    }

    package mutating func kafkaNullableStringArray(_ elements: [String]?, flexible: Bool) {
        guard let elements else { return kafkaNullableLength(nil, flexible: flexible) }
        kafkaStringArray(elements, flexible: flexible)
    }

    /// The mark that no tagged fields follow; nothing in versions that are not flexible.
    package mutating func kafkaNoTaggedFields(flexible: Bool) {
        if flexible { uint8(0) }
    }

    /// Tagged fields of known sizes, written in place: first their count, then a head before each field's data.
    package mutating func kafkaTaggedFieldHeads(count: Int) { unsignedVarint(UInt64(count)) }

    package mutating func kafkaTaggedFieldHead(_ tag: UInt64, size: Int) {
        unsignedVarint(tag)
        unsignedVarint(UInt64(size))
    }

    package mutating func kafkaTaggedFields(_ fields: KafkaTaggedFields, flexible: Bool) {
        if flexible { fields.encode(into: &self) }
    }
}
