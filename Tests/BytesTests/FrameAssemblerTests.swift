import Testing

@testable import Bytes

@Suite struct FrameAssemblerTests {
    private func stream(_ frames: [[UInt8]]) -> ByteSlice {
        var writer = ByteWriter()
        for frame in frames {
            writer.int32(Int32(frame.count))
            writer.bytes(frame)
        }
        return writer.finish()
    }

    private func collect(_ assembler: inout FrameAssembler) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let frame = try assembler.next() { frames.append(frame.array) }
        return frames
    }

    @Test func splitAtEveryByte() throws {
        let frames: [[UInt8]] = [[1], Array(0..<200), [UInt8](repeating: 9, count: 300), [2, 3]]
        let bytes = stream(frames)
        for cut in 0...bytes.count {
            var assembler = FrameAssembler(maximumFrame: 1000, bufferSize: 64)
            assembler.append(bytes.slice(0, cut))
            var received = try collect(&assembler)
            assembler.append(bytes.dropFirst(cut))
            received += try collect(&assembler)
            #expect(received == frames, "cut at \(cut)")
        }
    }

    @Test func framesLargerThanTheBuffer() throws {
        let large = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes = stream([[5], large, [6]])
        var assembler = FrameAssembler(maximumFrame: 2_000_000, bufferSize: 1024)
        var received: [[UInt8]] = []
        var position = 0
        while position < bytes.count {
            let target = assembler.room()
            let count = min(target.count, 1 + position % 7919, bytes.count - position)
            bytes.slice(position, count).withUnsafeBytes { target.copyMemory(from: $0) }
            assembler.filled(count)
            position += count
            received += try collect(&assembler)
        }
        #expect(received == [[5], large, [6]])
    }

    @Test(arguments: [-1, 0, Int32.min, Int32.max, 1001])
    func impossibleLengths(_ length: Int32) {
        var writer = ByteWriter()
        writer.int32(length)
        var assembler = FrameAssembler(maximumFrame: 1000)
        assembler.append(writer.finish())
        #expect(throws: FrameError.badLength(length, limit: 1000)) { try assembler.next() }
    }

    /// A claimed length buys no memory: the buffer follows the bytes that have arrived.
    @Test func claimedLengthIsNotTrusted() throws {
        var writer = ByteWriter()
        writer.int32(1 << 30)
        writer.zeros(100)
        var assembler = FrameAssembler(maximumFrame: 1 << 30, bufferSize: 64)
        assembler.append(writer.finish())
        #expect(try assembler.next() == nil)
        #expect(assembler.room().count < 1 << 16)
    }
}
