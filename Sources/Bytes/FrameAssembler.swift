/// Why a length-prefixed stream cannot go on.
package enum FrameError: Error, Equatable, Sendable {
    /// The four-byte length was negative, zero, or above the limit.
    case badLength(Int32, limit: Int)
}

extension FrameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badLength(let length, let limit): "frame length \(length) is not between 1 and \(limit)"
        }
    }
}

/// Cuts a byte stream into frames that each start with a four-byte big-endian length (Kafka requests, peer frames).
///
/// Small frames come out as slices of one shared receive buffer. A frame larger than the buffer gets memory of its own,
/// into which the socket then reads directly; that memory doubles with the bytes that have arrived and is
/// never sized by the claimed length alone.
package struct FrameAssembler {
    /// May be raised once the sender has proved who it is.
    package var maximumFrame: Int
    private let bufferSize: Int
    private var storage: ByteStorage
    /// Unconsumed bytes are `head ..< tail` of `storage`.
    private var head = 0
    private var tail = 0

    package init(maximumFrame: Int, bufferSize: Int = 128 * 1024) {
        precondition(maximumFrame > 0 && bufferSize >= 64)
        self.maximumFrame = maximumFrame
        self.bufferSize = bufferSize
        storage = ByteStorage(capacity: bufferSize)
    }

    package var bufferedBytes: Int { tail - head }

    /// Room for the next read from the socket; never empty.
    package mutating func room() -> UnsafeMutableRawBufferPointer {
        if needsNewStorage { moveToNewStorage() }
        return UnsafeMutableRawBufferPointer(start: storage.base + tail, count: storage.capacity - tail)
    }

    /// Tells that `count` bytes were read into `room()`.
    package mutating func filled(_ count: Int) {
        precondition(count >= 0 && count <= storage.capacity - tail, "FrameAssembler: filled \(count)")
        tail += count
    }

    /// The next whole frame without its length prefix, or nil until more bytes arrive.
    package mutating func next() throws(FrameError) -> ByteSlice? {
        guard let length = try pendingLength(), tail - head >= 4 + length else { return nil }
        let frame = ByteSlice(storage: storage, lower: head + 4, count: length)
        head += 4 + length
        return frame
    }

    /// Feeds bytes that are already in memory (tests and the simulator).
    package mutating func append(_ slice: ByteSlice) {
        var rest = slice
        while !rest.isEmpty {
            let target = room()
            let part = rest.slice(0, min(rest.count, target.count))
            part.withUnsafeBytes { target.copyMemory(from: $0) }
            filled(part.count)
            rest = rest.dropFirst(part.count)
        }
    }

    private func pendingLength() throws(FrameError) -> Int? {
        guard tail - head >= 4 else { return nil }
        let length = Int32(bigEndian: (storage.base + head).loadUnaligned(as: Int32.self))
        guard length > 0, Int(length) <= maximumFrame else { throw .badLength(length, limit: maximumFrame) }
        return Int(length)
    }

    /// Frames handed out keep slices of `storage`, so consumed space is never reused; a storage is left behind when
    /// too little of it remains for a worthwhile read.
    private var needsNewStorage: Bool {
        storage.capacity - tail < min(4096, bufferSize / 4)
    }

    /// New memory: the normal buffer size, or, inside a large frame, up to twice what has arrived, capped by the frame.
    private mutating func moveToNewStorage() {
        let kept = tail - head
        var capacity = bufferSize
        if kept >= 4 {
            let length = Int(Int32(bigEndian: (storage.base + head).loadUnaligned(as: Int32.self)))
            if length > 0, length <= maximumFrame, length + 4 > bufferSize {
                capacity = min(length + 4, max(bufferSize * 4, kept * 2)) + 8192
            }
        }
        let next = ByteStorage(capacity: max(capacity, kept + 4096))
        next.base.copyMemory(from: storage.base + head, byteCount: kept)
        storage = next
        head = 0
        tail = kept
    }
}
