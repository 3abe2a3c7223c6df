import Bytes

/// Collects a snapshot in pieces of about a mebibyte, so that a large state is not copied each time memory doubles.
struct SnapshotWriter {
    static let pieceBytes = 1 << 20

    /// Without the partitions' indexes, which differ from node to node, the bytes are canonical.
    let hasIndex: Bool
    private(set) var pieces: [ByteSlice] = []
    var writer = ByteWriter(capacity: 4096)

    init(hasIndex: Bool) { self.hasIndex = hasIndex }

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
