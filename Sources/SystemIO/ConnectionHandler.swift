import Bytes
import Ports

/// Receives what happens on one connection. Called on the loop thread, never from inside a call of the handler's own
/// into the connection.
package protocol ConnectionHandler: AnyObject {
    /// One whole frame without its length prefix, or, in raw mode, the next bytes of the stream. A slice keeps its
    /// receive buffer alive: detach small pieces that are kept long.
    func connection(_ connection: Connection, received bytes: ByteSlice)
    /// Exactly once, also after the owner's own `close`. Nothing follows it.
    func connectionClosed(_ connection: Connection, reason: CloseReason)
    /// The output queue has just become empty: everything queued so far is with the operating system.
    func connectionDrained(_ connection: Connection)
}

/// Why a connection ended.
package enum CloseReason: Error, Equatable, Sendable {
    /// The other side closed it.
    case closedByPeer
    /// The owner closed it, for the reason given.
    case closedLocally(String)
    /// The stream cannot be cut into frames.
    case badFrame(FrameError)
    /// A socket call failed, for example a reset by the other side.
    case failed(SystemError)
    /// A file chunk could not be read.
    case fileFailed(DiskFailure)
}

extension CloseReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .closedByPeer: "closed by the other side"
        case .closedLocally(let reason): reason
        case .badFrame(let error): "\(error)"
        case .failed(let error): "\(error)"
        case .fileFailed(let failure): "\(failure)"
        }
    }
}

/// How a connection presents its incoming bytes.
package enum ReceiveMode: Sendable, Equatable {
    /// Frames with a four-byte big-endian length, at most `maximum` bytes each.
    case frames(maximum: Int)
    /// Bytes as they come.
    case raw
}

/// What a connection's owner can choose about it.
package struct ConnectionSettings: Sendable {
    package var receive: ReceiveMode
    /// Bytes of the receive buffer that small frames share. Idle connections keep one.
    package var receiveBuffer = 64 * 1024
    /// Bytes read per turn before other connections get their share.
    package var readBudget = 1 << 20
    /// Bytes written per turn before other connections get their share.
    package var writeBudget = 4 << 20
    /// SO_SNDBUF and SO_RCVBUF; 0 leaves them to the operating system, which adapts them.
    package var kernelBuffers = 0
    /// A link to another node: written to after the clients at the end of a turn.
    package var isPeer = false

    package init(receive: ReceiveMode) { self.receive = receive }
}
