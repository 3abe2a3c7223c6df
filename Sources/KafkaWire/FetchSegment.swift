import Bytes

/// A piece of a fetch response on its way to the socket.
package enum FetchSegment: Equatable, Sendable {
    case bytes(ByteSlice)
    /// `count` bytes of record data of the partition at this position in `FetchResponse.partitions`, which the sender
    /// takes from where they are stored.
    case records(partition: Int, count: Int)

    package var count: Int {
        switch self {
        case .bytes(let slice): slice.count
        case .records(_, let count): count
        }
    }
}
