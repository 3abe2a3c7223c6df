import Bytes
import Records

/// A record as it was read. The bytes are copied out of the fetched batch when they are asked for.
public struct ConsumedRecord: Sendable {
    public let topic: String
    public let partition: Int32
    public var offset: Int64 { record.offset }
    /// Since 1970; -1 when the producer gave none.
    public var timestampMilliseconds: Int64 { record.timestamp }
    public var key: [UInt8]? { record.key.map(Self.copy) }
    public var value: [UInt8]? { record.value.map(Self.copy) }
    public var headers: [(name: String, value: [UInt8]?)] {
        record.headers.map { (name: $0.name, value: $0.value.map(Self.copy)) }
    }

    package let record: Record

    private static func copy(_ slice: ByteSlice) -> [UInt8] { slice.withUnsafeBytes { [UInt8]($0) } }
}
