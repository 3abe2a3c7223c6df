import Bytes

/// Builds one uncompressed batch: for clients, tools and tests. The base timestamp is that of the first record.
package struct RecordBatchBuilder {
    package private(set) var recordCount = 0
    private var writer: ByteWriter
    private var baseTimestamp: Int64 = -1
    private var maxTimestamp: Int64 = -1
    private let producerId: Int64
    private let producerEpoch: Int16
    private let baseSequence: Int32
    private let attributes: Int16

    package init(
        producerId: Int64 = -1, producerEpoch: Int16 = -1, baseSequence: Int32 = -1, capacity: Int = 1024,
        attributes: Int16 = 0
    ) {
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.attributes = attributes
        writer = ByteWriter(capacity: capacity)
        writer.zeros(RecordBatchHeader.size)
    }

    /// Bytes of the batch so far, header included.
    package var byteCount: Int { writer.count }

    /// `timestamp` in milliseconds since 1970.
    package mutating func append(
        key: ByteSlice?, value: ByteSlice?, headers: [RecordHeader] = [], timestamp: Int64
    ) {
        if recordCount == 0 { baseTimestamp = timestamp }
        maxTimestamp = recordCount == 0 ? timestamp : max(maxTimestamp, timestamp)
        let timestampDelta = timestamp &- baseTimestamp
        let offsetDelta = Int64(recordCount)
        var size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + fieldSize(key) + fieldSize(value)
        size += varintSize(Int64(headers.count))
        for header in headers {
            let nameSize = header.name.utf8.count
            size += varintSize(Int64(nameSize)) + nameSize + fieldSize(header.value)
        }
        writer.varint(Int64(size))
        writer.int8(0)
        writer.varint(timestampDelta)
        writer.varint(offsetDelta)
        write(key)
        write(value)
        writer.varint(Int64(headers.count))
        for header in headers {
            writer.varint(Int64(header.name.utf8.count))
            writer.text(header.name)
            write(header.value)
        }
        recordCount += 1
    }

    /// The batch with base offset 0 and leader epoch -1, as a producer sends it. At least one record must have been
    /// added.
    package mutating func finish() -> ByteSlice {
        precondition(recordCount > 0 && recordCount <= Int(Int32.max), "RecordBatchBuilder: \(recordCount) records")
        precondition(writer.count <= Int(Int32.max), "RecordBatchBuilder: \(writer.count) bytes")
        writer.patch(Int32(writer.count - RecordBatchHeader.lengthOverhead), at: 8)
        writer.patch(Int32(-1), at: 12)
        writer.patch(Int8(2), at: 16)
        writer.patch(attributes, at: 21)
        writer.patch(Int32(recordCount - 1), at: 23)
        writer.patch(baseTimestamp, at: 27)
        writer.patch(maxTimestamp, at: 35)
        writer.patch(producerId, at: 43)
        writer.patch(producerEpoch, at: 51)
        writer.patch(baseSequence, at: 53)
        writer.patch(Int32(recordCount), at: 57)
        let from = RecordBatchHeader.checksummedFrom
        let sum = writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[from...])) }
        writer.patch(sum, at: 17)
        return writer.finish()
    }

    private mutating func write(_ field: ByteSlice?) {
        guard let field else { return writer.varint(-1) }
        writer.varint(Int64(field.count))
        writer.bytes(field)
    }

    private func fieldSize(_ field: ByteSlice?) -> Int {
        guard let field else { return 1 }
        return varintSize(Int64(field.count)) + field.count
    }

    /// Bytes of `value` as a zigzag base-128 integer: seven bits each.
    private func varintSize(_ value: Int64) -> Int {
        let zigzag = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        return max((70 - zigzag.leadingZeroBitCount) / 7, 1)
    }
}
