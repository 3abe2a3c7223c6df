/// How a producer gathers and sends records.
public struct ProducerSettings: Sendable {
    public var client = ClientSettings()
    public var acknowledgement = Acknowledgement.quorum
    /// Every record is stored exactly once and in order however often it has to be sent again. Only with
    /// `Acknowledgement.quorum`; without it, sending again can store a record twice.
    public var isIdempotent = true
    /// A batch is closed when it would grow beyond this. A larger record gets a batch of its own.
    public var batchBytes = 256 << 10
    public var batchRecords = Int.max
    /// How long a batch waits for more records while the partition could send it.
    public var lingerMilliseconds = 0
    /// Unanswered batches per partition; at most 5 when idempotent, which is as far as the brokers remember.
    public var maximumInFlight = 5
    /// Bytes of records accepted and not yet delivered; `send` waits when they would become more.
    public var bufferBytes = 64 << 20
    /// How long a record is tried before it counts as failed.
    public var deliveryTimeoutMilliseconds = 120_000
    /// Lets the brokers create a missing topic, if they are so configured.
    public var createsTopics = true

    public init() {}

    var keepsSequences: Bool { isIdempotent && acknowledgement == .quorum }
    var inFlightLimit: Int { max(keepsSequences ? min(maximumInFlight, 5) : maximumInFlight, 1) }
}
