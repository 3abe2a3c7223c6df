/// Why the cluster could not do what it was asked.
public enum HoldfastError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A broker refused, and asking again would not help. `code` is Kafka's error number, `name` Kafka's name for it.
    case refused(code: Int16, name: String, detail: String)
    /// No success until the deadline; `reason` is what stood in the way last.
    case timedOut(operation: String, reason: String)
    /// Bytes from a broker that cannot be understood.
    case malformed(String)
    /// Something that this client, or the broker, cannot do.
    case unsupported(String)
    case invalidArgument(String)

    public var description: String {
        switch self {
        case .refused(_, let name, let detail): detail.isEmpty ? "refused: \(name)" : "refused: \(name): \(detail)"
        case .timedOut(let operation, let reason): "\(operation) timed out: \(reason)"
        case .malformed(let reason): "malformed answer: \(reason)"
        case .unsupported(let reason), .invalidArgument(let reason): reason
        }
    }
}
