import Bytes

/// Why a command-line tool's exchange with a server failed, in words for its user.
package enum BlockingError: Error, Equatable, Sendable, CustomStringConvertible {
    case system(SystemError)
    /// `operation` on "host:port" took longer than allowed.
    case timedOut(operation: String, target: String, milliseconds: Int)
    /// The server hung up in the middle of an exchange.
    case closedByPeer(target: String)
    case badFrame(FrameError)
    case badResponse(String)

    package var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .timedOut(let operation, let target, let milliseconds):
            "\(operation) on \(target) took longer than \(milliseconds) ms"
        case .closedByPeer(let target): "\(target) closed the connection"
        case .badFrame(let error): "\(error)"
        case .badResponse(let reason): reason
        }
    }
}
