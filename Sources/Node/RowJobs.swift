import Broker
import Bytes
import LogStore
import Ports

/// The blocking halves of `Replica+Rows`.
enum RowJobs {
    /// Reads a partition's rows from the index file of `segment`; nil if the file is damaged.
    static func lookUp(
        _ disk: any Disk, _ segment: StoredSegment, _ partition: PartitionKey
    ) throws(DiskFailure) -> PartitionSlices? {
        let file = try disk.open(segment.rowsPath, .readOnly)
        defer { disk.close(file) }
        guard let head = try readHead(disk, file, segment) else { return nil }
        var slices: [PartitionRows] = []
        for extent in SegmentRowsFile.extents(of: partition, head: head) {
            let bytes = try disk.read(file, offset: extent.offset, count: extent.byteCount)
            guard let rows = SegmentRowsFile.rows(bytes, at: extent) else { return nil }
            slices.append(rows)
        }
        return PartitionSlices(slices)
    }

    private static func readHead(
        _ disk: any Disk, _ file: DiskFile, _ segment: StoredSegment
    ) throws(DiskFailure) -> ByteSlice? {
        let header = try disk.read(file, offset: 0, count: SegmentRowsFile.headerSize)
        let length = SegmentRowsFile.headLength(
            header, first: segment.first, last: segment.last, chain: segment.chain)
        // A damaged count must not make us read, or allocate, more than there is.
        let size = try disk.size(file)
        guard let length, UInt64(length) <= size else { return nil }
        let head = try disk.read(file, offset: 0, count: length)
        return SegmentRowsFile.isIntact(head: head) ? head : nil
    }

    /// Makes the index of `segment` from its entries. What this process wrote itself is not verified again: it would
    /// come from the page cache, as it was in memory.
    static func build(
        _ disk: any Disk, _ segment: StoredSegment, verifies: Bool, damage: JobResult<UInt64>
    ) throws(DiskFailure) -> SegmentRows {
        var reader = try SegmentReader(disk, segment, verifiesPayloads: verifies)
        defer { reader.close() }
        do throws(DiskFailure) {
            return try build(from: &reader, segment)
        } catch {
            damage.value = reader.index
            throw error
        }
    }

    private static func build(
        from reader: inout SegmentReader, _ segment: StoredSegment
    ) throws(DiskFailure) -> SegmentRows {
        var rows = SegmentRows(first: segment.first, last: segment.last, chain: segment.chain)
        while let command = try reader.next() {
            let start = try reader.prefix(ProduceTable.headerSize, of: command)
            let length = try decoding(command, of: segment) { () throws(DecodeError) in
                try ProduceTable.prefixLength(of: start)
            }
            guard let length else { continue }
            let table = try reader.prefix(length, of: command)
            try decoding(command, of: segment) { () throws(DecodeError) in
                try rows.add(index: command.index, payload: table)
            }
        }
        return rows
    }

    private static func decoding<Value>(
        _ command: SegmentReader.Command, of segment: StoredSegment, _ body: () throws(DecodeError) -> Value
    ) throws(DiskFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .badContents(segment.path, "entry \(command.index) does not decode: \(error)")
        }
    }

    static func write(_ disk: any Disk, _ rows: SegmentRows, of segment: StoredSegment) throws(DiskFailure) {
        try disk.replace(segment.rowsPath, with: SegmentRowsFile.encode(rows), directory: segment.directory)
    }
}
