import Testing

@testable import Bytes

@Suite struct ReaderWriterTests {
    @Test func integersRoundTrip() throws {
        var writer = ByteWriter(capacity: 0)
        writer.uint8(0xfe)
        writer.int16(-2)
        writer.uint32(0xdead_beef)
        writer.int64(.min)
        writer.text("hé")
        var reader = ByteReader(writer.finish())
        #expect(try reader.uint8() == 0xfe)
        #expect(try reader.int16() == -2)
        #expect(try reader.uint32() == 0xdead_beef)
        #expect(try reader.int64() == .min)
        #expect(try reader.text(3) == "hé")
        try reader.requireEnd()
    }

    @Test(arguments: [0, 1, -1, 63, -64, 64, 300, Int64.max, Int64.min])
    func varintsRoundTrip(_ value: Int64) throws {
        var writer = ByteWriter()
        writer.varint(value)
        writer.unsignedVarint(UInt64(bitPattern: value))
        var reader = ByteReader(writer.finish())
        #expect(try reader.varint() == value)
        #expect(try reader.unsignedVarint() == UInt64(bitPattern: value))
    }

    @Test func overlongVarintIsRefused() {
        var reader = ByteReader(ByteSlice([UInt8](repeating: 0xff, count: 11)))
        #expect(throws: DecodeError.badVarint(position: 0)) { try reader.unsignedVarint() }
        var beyond = ByteReader(ByteSlice([UInt8](repeating: 0xff, count: 9) + [0x02]))
        #expect(throws: DecodeError.badVarint(position: 0)) { try beyond.unsignedVarint() }
    }

    @Test func truncationThrows() {
        var reader = ByteReader(ByteSlice([1, 2, 3]))
        #expect(throws: DecodeError.truncated(position: 0, needed: 4, available: 3)) { try reader.int32() }
        #expect(throws: DecodeError.truncated(position: 0, needed: 9, available: 3)) { try reader.bytes(9) }
        #expect(throws: DecodeError.badLength(position: 0, length: -1)) { try reader.bytes(-1) }
    }

    @Test func textMustBeUTF8() {
        var reader = ByteReader(ByteSlice([0xc3, 0x28]))
        #expect(throws: DecodeError.badText(position: 0)) { try reader.text(2) }
    }

    @Test func elementCountsAreBoundedByWhatRemains() {
        let reader = ByteReader(ByteSlice([UInt8](repeating: 0, count: 10)))
        #expect(throws: Never.self) { try reader.requireElements(5, minimumSize: 2) }
        #expect(throws: DecodeError.self) { try reader.requireElements(6, minimumSize: 2) }
        #expect(throws: DecodeError.self) { try reader.requireElements(Int.max, minimumSize: 1) }
        #expect(throws: DecodeError.self) { try reader.requireElements(-1, minimumSize: 1) }
    }

    @Test func patchAndGrowth() {
        var writer = ByteWriter(capacity: 1)
        writer.int32(0)
        for value in 0..<1000 { writer.int32(Int32(value)) }
        writer.patch(Int32(4000), at: 0)
        let bytes = writer.finish()
        #expect(bytes.count == 4004)
        #expect(bytes.load(0, as: Int32.self) == 4000)
        #expect(bytes.load(4000, as: Int32.self) == 999)
    }
}
