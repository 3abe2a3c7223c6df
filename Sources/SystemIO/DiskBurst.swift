import Ports

/// One submitted batch on its way to the log-writer thread.
struct DiskBatch: Sendable {
    let token: UInt64
    let operations: [DiskOperation]
}

/// Everything the log writer found queued at once, with the syncs that may be merged already taken out (group commit).
///
/// A sync is left to a later sync of the same file if only other syncs follow it in its own batch (a batch that writes
/// B after syncing A wants A durable first) and nothing but writes and syncs lies between the two (a rename
/// must not become durable before the data it was waiting for). A batch is complete when all its steps, and the syncs
/// its own were merged into, are done.
struct DiskBurst {
    /// `nil` where the sync was merged into a later step.
    private(set) var steps: [DiskOperation?] = []
    private(set) var batches: [(token: UInt64, completeAfter: Int)] = []

    init(_ taken: [DiskBatch]) {
        steps.reserveCapacity(taken.reduce(0) { $0 + $1.operations.count })
        for batch in taken {
            steps.append(contentsOf: batch.operations)
            batches.append((batch.token, steps.count - 1))
        }
        mergeSyncs(taken)
    }

    private mutating func mergeSyncs(_ taken: [DiskBatch]) {
        // Position of the sync, later in the burst, that each file's earlier syncs can be left to.
        var laterSync: [DiskFile: Int] = [:]
        var position = steps.count
        for index in taken.indices.reversed() {
            var onlySyncsFollow = true
            for operation in taken[index].operations.reversed() {
                position -= 1
                switch operation {
                case .sync(let file):
                    if onlySyncsFollow, let later = laterSync[file] {
                        steps[position] = nil
                        batches[index].completeAfter = max(batches[index].completeAfter, later)
                    } else {
                        laterSync[file] = position
                    }
                case .write:
                    onlySyncsFollow = false
                case .rename, .remove, .syncDirectory, .close, .prepare:
                    onlySyncsFollow = false
                    laterSync.removeAll(keepingCapacity: true)
                }
            }
        }
    }

    /// Tokens of the batches, in order, that are complete when the steps before `failed` were done and no others.
    func finished(before failed: Int) -> [UInt64] {
        batches.prefix { $0.completeAfter < failed }.map(\.token)
    }
}
