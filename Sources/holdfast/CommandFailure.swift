/// Why a command did not do what it was asked.
enum CommandFailure: Error, Equatable {
    /// The words were wrong: exit code 2, with the command's help as a hint.
    case usage(String)
    /// The words were right, the work failed: exit code 1.
    case failed(String)
    /// Whoever read our output has seen enough (`holdfast consume | head`): exit code 0, silently.
    case outputClosed
}

extension CommandFailure {
    var reason: String {
        switch self {
        case .usage(let reason), .failed(let reason): reason
        case .outputClosed: "standard output was closed"
        }
    }
}
