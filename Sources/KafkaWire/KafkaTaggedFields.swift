import Bytes

/// Collects the tagged fields of one structure (KIP-482), whose count and sizes precede them. Fields are added in
/// ascending tag order, and those at their default value are left out.
package struct KafkaTaggedFields {
    private var count: UInt64 = 0
    private var encoded = ByteWriter(capacity: 0)

    package init() {}

    package mutating func add(_ tag: UInt64, _ write: (inout ByteWriter) -> Void) {
        var body = ByteWriter(capacity: 64)
        write(&body)
        count += 1
        encoded.unsignedVarint(tag)
        encoded.unsignedVarint(UInt64(body.count))
        body.withWrittenBytes { encoded.bytes($0) }
    }

    package func encode(into writer: inout ByteWriter) {
        writer.unsignedVarint(count)
        encoded.withWrittenBytes { writer.bytes($0) }
    }
}
