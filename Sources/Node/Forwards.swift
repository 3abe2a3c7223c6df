import Bytes
import Ports

/// Requests passed on to the leader and not yet answered, oldest first.
struct Forwards {
    private struct Pending {
        let id: UInt64
        let peer: NodeID
        let deadline: UInt64
        let answer: (ByteSlice?) -> Void
    }

    private var pending: [Pending] = []
    private var nextID: UInt64

    /// `first` is to be another one in each process: an answer to a request of the process before this one may still
    /// come, over a link of today's.
    init(first: UInt64) { nextID = first }

    mutating func add(peer: NodeID, deadline: UInt64, _ answer: @escaping (ByteSlice?) -> Void) -> UInt64 {
        defer { nextID &+= 1 }
        pending.append(Pending(id: nextID, peer: peer, deadline: deadline, answer: answer))
        return nextID
    }

    /// The one who waits for `id`, to be called after this returns: it may add a request of its own.
    mutating func take(id: UInt64, from peer: NodeID) -> ((ByteSlice?) -> Void)? {
        guard let position = pending.firstIndex(where: { $0.id == id && $0.peer == peer }) else { return nil }
        return pending.remove(at: position).answer
    }

    mutating func takeAll(of peer: NodeID) -> [(ByteSlice?) -> Void] { take { $0.peer == peer } }

    mutating func takeExpired(now: UInt64) -> [(ByteSlice?) -> Void] { take { $0.deadline <= now } }

    private mutating func take(_ isOver: (Pending) -> Bool) -> [(ByteSlice?) -> Void] {
        let ended = pending.filter(isOver)
        if !ended.isEmpty { pending.removeAll(where: isOver) }
        return ended.map(\.answer)
    }
}
