import Bytes
import Node

/// Gathers pieces to be sent: small ones are copied together, so that a turn's thousand replies are one piece.
struct PieceCollector {
    private static let referenceThreshold = 8 * 1024

    private var writer = ByteWriter(capacity: 0)
    private var pieces: [StoredBytes] = []

    var isEmpty: Bool { pieces.isEmpty && writer.count == 0 }

    mutating func append(_ slice: ByteSlice) {
        guard slice.count >= Self.referenceThreshold else { return writer.bytes(slice) }
        cut()
        pieces.append(.memory(slice))
    }

    mutating func append(_ piece: StoredBytes) {
        if case .memory(let slice) = piece { return append(slice) }
        cut()
        pieces.append(piece)
    }

    mutating func finish() -> [StoredBytes] {
        cut()
        defer { pieces = [] }
        return pieces
    }

    private mutating func cut() {
        if writer.count > 0 { pieces.append(.memory(writer.finish())) }
    }
}
