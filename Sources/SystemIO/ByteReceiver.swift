import Bytes

/// The receive side of a raw-mode connection: hands out slices of a shared buffer.
struct ByteReceiver {
    private let bufferSize: Int
    private var storage: ByteStorage
    private var tail = 0

    init(bufferSize: Int) {
        self.bufferSize = bufferSize
        storage = ByteStorage(capacity: bufferSize)
    }

    mutating func room() -> UnsafeMutableRawBufferPointer {
        if storage.capacity - tail < min(4096, bufferSize / 4) {
            storage = ByteStorage(capacity: bufferSize)
            tail = 0
        }
        return UnsafeMutableRawBufferPointer(rebasing: storage.bytes[tail...])
    }

    mutating func filled(_ count: Int) -> ByteSlice {
        defer { tail += count }
        return ByteSlice(storage: storage, lower: tail, count: count)
    }
}
