import Bytes

/// Walks the records of one batch, checking every field; never traps, whatever the bytes.
package struct RecordIterator {
    private let header: RecordBatchHeader
    private let skipsHeaders: Bool
    private var reader: ByteReader
    private var index = 0
    private var lastDelta: Int64 = -1
    /// Where the last record lies in the body, with its length in front of it.
    package private(set) var extent = 0..<0

    /// `body` is what follows the header, decompressed. `skipsHeaders`: records come without their headers, whose names
    /// may then be any bytes.
    package init(header: RecordBatchHeader, body: ByteSlice, skipsHeaders: Bool = false) {
        self.header = header
        self.skipsHeaders = skipsHeaders
        reader = ByteReader(body)
    }

    /// The next record; nil after the last one, when the body is used up exactly.
    package mutating func next() throws(RecordError) -> Record? {
        if index >= Int(header.recordCount) {
            if !reader.isAtEnd { throw .trailing(reader.remaining) }
            return nil
        }
        let record: Record
        let start = reader.position
        do {
            record = try readRecord()
        } catch {
            throw error.inRecord(index)
        }
        index += 1
        extent = start..<reader.position
        return record
    }

    private enum Failure: Error {
        case decode(DecodeError)
        case range

        func inRecord(_ index: Int) -> RecordError {
            switch self {
            case .decode(let reason): .malformedRecord(index: index, reason)
            case .range: .recordOutOfRange(index: index)
            }
        }
    }

    private mutating func readRecord() throws(Failure) -> Record {
        let timestampDelta: Int64
        let offsetDelta: Int64
        let key: ByteSlice?
        let value: ByteSlice?
        let headers: [RecordHeader]
        do {
            var fields = ByteReader(try reader.bytes(try length(&reader)))
            try fields.skip(1)
            timestampDelta = try fields.varint()
            offsetDelta = try fields.varint()
            key = try nullableBytes(&fields)
            value = try nullableBytes(&fields)
            headers = try readHeaders(&fields)
            try fields.requireEnd()
        } catch {
            throw .decode(error)
        }
        let (timestamp, timestampOverflow) = header.baseTimestamp.addingReportingOverflow(timestampDelta)
        let (offset, offsetOverflow) = header.baseOffset.addingReportingOverflow(offsetDelta)
        let isInOrder = offsetDelta > lastDelta && offsetDelta <= Int64(header.lastOffsetDelta)
        if timestampOverflow || offsetOverflow || !isInOrder { throw .range }
        lastDelta = offsetDelta
        return Record(
            offset: offset, timestamp: header.usesLogAppendTime ? header.maxTimestamp : timestamp, key: key,
            value: value, headers: headers)
    }

    private func readHeaders(_ fields: inout ByteReader) throws(DecodeError) -> [RecordHeader] {
        let count = try length(&fields)
        try fields.requireElements(count, minimumSize: 2)
        var headers: [RecordHeader] = []
        if !skipsHeaders { headers.reserveCapacity(count) }
        for _ in 0..<count {
            let nameLength = try length(&fields)
            if skipsHeaders {
                _ = try fields.bytes(nameLength)
                _ = try nullableBytes(&fields)
            } else {
                let name = try fields.text(nameLength)
                headers.append(RecordHeader(name: name, value: try nullableBytes(&fields)))
            }
        }
        return headers
    }

    /// A length that may not be negative.
    private func length(_ reader: inout ByteReader) throws(DecodeError) -> Int {
        let position = reader.position
        let length = try reader.varint()
        guard length >= 0, length <= Int64(Int32.max) else { throw .badLength(position: position, length: length) }
        return Int(length)
    }

    /// A length of -1 stands for null.
    private func nullableBytes(_ reader: inout ByteReader) throws(DecodeError) -> ByteSlice? {
        let position = reader.position
        let length = try reader.varint()
        if length == -1 { return nil }
        guard length >= 0, length <= Int64(Int32.max) else { throw .badLength(position: position, length: length) }
        return try reader.bytes(Int(length))
    }
}

extension RecordIterator {
    /// Positions in the batch, from 0, of the records still to come that have no key.
    package mutating func positionsWithoutKey() throws(RecordError) -> [Int32] {
        var positions: [Int32] = []
        while let record = try next() {
            if record.key == nil { positions.append(Int32(index - 1)) }
        }
        return positions
    }
}

extension RecordBatch {
    /// The records of an uncompressed batch, which must be whole; trailing bytes after it are not looked at.
    package static func records(
        of batch: ByteSlice, skipsHeaders: Bool = false
    ) throws(RecordError) -> RecordIterator {
        let header = try framedHeader(batch)
        guard let codec = header.codec else { throw .unknownCodec(UInt8(truncatingIfNeeded: header.attributes & 7)) }
        if codec != .none { throw .compressed(codec) }
        let size = RecordBatchHeader.size
        let body = batch.slice(size, header.totalLength - size)
        return RecordIterator(header: header, body: body, skipsHeaders: skipsHeaders)
    }

    /// All records of an uncompressed batch.
    package static func allRecords(of batch: ByteSlice) throws(RecordError) -> [Record] {
        var iterator = try records(of: batch)
        var all: [Record] = []
        while let record = try iterator.next() { all.append(record) }
        return all
    }
}
