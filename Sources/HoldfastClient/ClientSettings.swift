/// What producers, consumers and admin clients have in common.
public struct ClientSettings: Sendable {
    /// Told to the brokers, for their logs.
    public var clientID = "holdfast-client"
    public var connectTimeoutMilliseconds = 3_000
    /// How long a connection may owe an answer before it is given up.
    public var requestTimeoutMilliseconds = 10_000
    /// How long an operation is tried again before it fails.
    public var operationTimeoutMilliseconds = 30_000
    /// First pause before another attempt; doubled with every further one, up to `maximumBackoffMilliseconds`.
    public var backoffMilliseconds = 20
    public var maximumBackoffMilliseconds = 500
    /// Largest answer that is accepted.
    public var maximumResponseBytes = 128 << 20

    public init() {}
}
