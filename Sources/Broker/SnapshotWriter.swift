import Bytes

/// Collects a snapshot in pieces of about a mebibyte, so that a large state is not copied each time memory doubles.
struct SnapshotWriter {
    static let pieceBytes = 1 << 20

    private(set) var pieces: [ByteSlice] = []
    var writer = ByteWriter(capacity: 4096)

    /// Called between fields; ends a full piece.
    mutating func breakIfFull() {
        if writer.count >= Self.pieceBytes { endPiece() }
    }

    mutating func finish() -> [ByteSlice] {
        endPiece()
        return pieces
    }

    private mutating func endPiece() {
        pieces.append(writer.finish())
    }
}
