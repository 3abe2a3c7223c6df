import Bytes

/// The field types of the Kafka protocol. `flexible` selects the compact forms of KIP-482: lengths and counts as an
/// unsigned varint of value + 1, where 0 is null.
extension ByteReader {
    /// Longest string in either form; Kafka refuses longer ones in the compact form as well.
    package static var kafkaMaximumString: Int { 0x7fff }

    /// Array capacity reserved on the strength of a count alone; above it memory grows with the elements that parse.
    private static var reservedElements: Int { 1024 }

    package mutating func kafkaBool() throws(DecodeError) -> Bool { try uint8() != 0 }

    package mutating func kafkaErrorCode() throws(DecodeError) -> KafkaErrorCode {
        KafkaErrorCode(rawValue: try int16())
    }

    package mutating func kafkaUUID() throws(DecodeError) -> KafkaUUID {
        try require(16)
        return KafkaUUID(high: try uint64(), low: try uint64())
    }

    /// A length or count, nil for null.
    private mutating func kafkaCompactLength() throws(DecodeError) -> Int? {
        let start = position
        let raw = try unsignedVarint()
        if raw == 0 { return nil }
        guard raw - 1 <= UInt64(Int32.max) else {
            throw .badLength(position: start, length: Int64(clamping: raw - 1))
        }
        return Int(raw - 1)
    }

    /// The bytes of a string, by reference and not checked to be UTF-8; nil for null.
    package mutating func kafkaNullableStringSlice(flexible: Bool) throws(DecodeError) -> ByteSlice? {
        let start = position
        if flexible {
            guard let length = try kafkaCompactLength() else { return nil }
            guard length <= Self.kafkaMaximumString else { throw .badLength(position: start, length: Int64(length)) }
            return try bytes(length)
        }
        let length = Int(try int16())
        if length == -1 { return nil }
        guard length >= 0 else { throw .badLength(position: start, length: Int64(length)) }
        return try bytes(length)
    }

    package mutating func kafkaStringSlice(flexible: Bool) throws(DecodeError) -> ByteSlice {
        let start = position
        guard let slice = try kafkaNullableStringSlice(flexible: flexible) else {
            throw .badLength(position: start, length: -1)
        }
        return slice
    }

    package mutating func kafkaNullableString(flexible: Bool) throws(DecodeError) -> String? {
        guard let slice = try kafkaNullableStringSlice(flexible: flexible) else { return nil }
        let validated = slice.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        guard let validated else { throw .badText(position: position - slice.count) }
        return validated
    }

    package mutating func kafkaString(flexible: Bool) throws(DecodeError) -> String {
        let start = position
        guard let string = try kafkaNullableString(flexible: flexible) else {
            throw .badLength(position: start, length: -1)
        }
        return string
    }

    /// A string that only some versions allow to be null: this one if `nullable`.
    package mutating func kafkaString(flexible: Bool, nullable: Bool) throws(DecodeError) -> String? {
        nullable ? try kafkaNullableString(flexible: flexible) : try kafkaString(flexible: flexible)
    }

    /// A byte field (record data among them), by reference; nil for null.
    package mutating func kafkaNullableBytes(flexible: Bool) throws(DecodeError) -> ByteSlice? {
        if flexible {
            guard let length = try kafkaCompactLength() else { return nil }
            return try bytes(length)
        }
        let start = position
        let length = Int(try int32())
        if length == -1 { return nil }
        guard length >= 0 else { throw .badLength(position: start, length: Int64(length)) }
        return try bytes(length)
    }

    package mutating func kafkaBytes(flexible: Bool) throws(DecodeError) -> ByteSlice {
        let start = position
        guard let slice = try kafkaNullableBytes(flexible: flexible) else {
            throw .badLength(position: start, length: -1)
        }
        return slice
    }

    /// The element count of an array, checked against the bytes that remain; nil for a null array.
    package mutating func kafkaNullableCount(flexible: Bool, minimumSize: Int) throws(DecodeError) -> Int? {
        let start = position
        let count: Int
        if flexible {
            guard let length = try kafkaCompactLength() else { return nil }
            count = length
        } else {
            count = Int(try int32())
            if count == -1 { return nil }
        }
        guard count >= 0, count <= remaining / minimumSize else {
            throw .badLength(position: start, length: Int64(count))
        }
        return count
    }

    package mutating func kafkaCount(flexible: Bool, minimumSize: Int) throws(DecodeError) -> Int {
        let start = position
        guard let count = try kafkaNullableCount(flexible: flexible, minimumSize: minimumSize) else {
            throw .badLength(position: start, length: -1)
        }
        return count
    }

    package mutating func kafkaNullableArray<Element: KafkaStructure>(
        of type: Element.Type, version: Int16, flexible: Bool
    ) throws(DecodeError) -> [Element]? {
        guard let count = try kafkaNullableCount(flexible: flexible, minimumSize: Element.minimumSize) else {
            return nil
        }
        var elements: [Element] = []
        elements.reserveCapacity(min(count, Self.reservedElements))
        for _ in 0..<count { elements.append(try Element(from: &self, version: version)) }
        return elements
    }

    package mutating func kafkaArray<Element: KafkaStructure>(
        of type: Element.Type, version: Int16, flexible: Bool
    ) throws(DecodeError) -> [Element] {
        let start = position
        let elements = try kafkaNullableArray(of: type, version: version, flexible: flexible)
        guard let elements else { throw .badLength(position: start, length: -1) }
        return elements
    }

    package mutating func kafkaInt8Array(flexible: Bool) throws(DecodeError) -> [Int8] {
        let count = try kafkaCount(flexible: flexible, minimumSize: 1)
        var elements: [Int8] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try int8()) }
        return elements
    }

    package mutating func kafkaInt32Array(flexible: Bool) throws(DecodeError) -> [Int32] {
        let count = try kafkaCount(flexible: flexible, minimumSize: 4)
        var elements: [Int32] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try int32()) }
        return elements
    }

    package mutating func kafkaInt64Array(flexible: Bool) throws(DecodeError) -> [Int64] {
        let count = try kafkaCount(flexible: flexible, minimumSize: 8)
        var elements: [Int64] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try int64()) }
        return elements
    }

    package mutating func kafkaNullableInt32Array(flexible: Bool) throws(DecodeError) -> [Int32]? {
        guard let count = try kafkaNullableCount(flexible: flexible, minimumSize: 4) else { return nil }
        var elements: [Int32] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try int32()) }
        return elements
    }

    package mutating func kafkaNullableStringArray(flexible: Bool) throws(DecodeError) -> [String]? {
        guard let count = try kafkaNullableCount(flexible: flexible, minimumSize: flexible ? 1 : 2) else { return nil }
        var elements: [String] = []
        elements.reserveCapacity(min(count, Self.reservedElements))
        for _ in 0..<count { elements.append(try kafkaString(flexible: flexible)) }
        return elements
    }

    package mutating func kafkaStringArray(flexible: Bool) throws(DecodeError) -> [String] {
        let start = position
        guard let elements = try kafkaNullableStringArray(flexible: flexible) else {
            throw .badLength(position: start, length: -1)
        }
        return elements
    }
}

/// Tagged fields (KIP-482), at the end of every structure of a flexible version.
extension ByteReader {
    /// One tagged field: its tag, and where its data lies.
    package struct KafkaTaggedField {
        package let tag: UInt64
        package let size: Int
        fileprivate let end: Int
    }

    /// How many tagged fields follow; 0 in versions that are not flexible.
    package mutating func kafkaTaggedFieldCount(flexible: Bool) throws(DecodeError) -> Int {
        guard flexible else { return 0 }
        let start = position
        let count = try unsignedVarint()
        guard count <= UInt64(remaining / 2) else { throw .badLength(position: start, length: Int64(clamping: count)) }
        return Int(count)
    }

    package mutating func beginKafkaTaggedField() throws(DecodeError) -> KafkaTaggedField {
        let tag = try unsignedVarint()
        let start = position
        let size = try unsignedVarint()
        guard size <= UInt64(remaining) else { throw .badLength(position: start, length: Int64(clamping: size)) }
        return KafkaTaggedField(tag: tag, size: Int(size), end: position + Int(size))
    }

    /// Checks that exactly the field's own bytes were read.
    package mutating func endKafkaTaggedField(_ field: KafkaTaggedField) throws(DecodeError) {
        guard position == field.end else { throw .badLength(position: position, length: Int64(field.size)) }
    }

    package mutating func skipKafkaTaggedFields(flexible: Bool) throws(DecodeError) {
        for _ in 0..<(try kafkaTaggedFieldCount(flexible: flexible)) {
            let field = try beginKafkaTaggedField()
            try skip(field.size)
        }
    }
}
