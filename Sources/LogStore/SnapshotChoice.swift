/// The outcome of looking for the snapshot to start from.
struct SnapshotChoice {
    var chosen: SnapshotMetadata?
    /// Newer ones that the log does not lead up to, although nothing is wrong: received and not yet in use, or taken
    /// from the log that was replaced.
    var dropped: [SnapshotMetadata] = []
    /// In use, and not what the log says.
    var contradicting: SnapshotMetadata?

    func choosing(_ snapshot: SnapshotMetadata) -> SnapshotChoice {
        var copy = self
        copy.chosen = snapshot
        return copy
    }
}
