/// What a turn's end does first. Each step may wake another process or thread, and with few cores whoever wakes first
/// runs first: the client that waits for an answer before the nodes that are only told of a commit, and the followers,
/// whose disks are a network hop further away, before the own disk.
enum FlushOrder: Int, CaseIterable {
    case clients
    case peers
    case disk
}
