import Bytes

/// One header of a record (KIP-82).
package struct RecordHeader: Equatable, Sendable {
    package var name: String
    /// nil is null, which differs from empty.
    package var value: ByteSlice?

    package init(name: String, value: ByteSlice?) {
        self.name = name
        self.value = value
    }
}

/// One record, its offset and timestamp made absolute. Key and value are by reference into the batch.
package struct Record: Equatable, Sendable {
    package var offset: Int64
    /// Milliseconds since 1970, -1 for none; of a log-append time batch, the batch's.
    package var timestamp: Int64
    package var key: ByteSlice?
    package var value: ByteSlice?
    package var headers: [RecordHeader]

    package init(offset: Int64, timestamp: Int64, key: ByteSlice?, value: ByteSlice?, headers: [RecordHeader]) {
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }
}
