/// Where reading a partition begins.
public enum StartPosition: Equatable, Sendable {
    /// The first record still stored.
    case earliest
    /// What is committed after this moment.
    case latest
    case offset(Int64)
    /// The first record that is not older; milliseconds since 1970.
    case timestamp(milliseconds: Int64)
}

/// How a consumer fetches.
public struct ConsumerSettings: Sendable {
    /// What to do when the records at the position are gone, or were never there.
    public enum OutOfRange: Sendable { case fail, earliest, latest }

    public var client = ClientSettings()
    /// How long a broker may wait for `minimumBytes` before it answers.
    public var maximumWaitMilliseconds = 500
    public var minimumBytes = 1
    /// Of one answer; a batch that is larger still comes whole.
    public var maximumBytes = 50 << 20
    public var maximumPartitionBytes = 4 << 20
    public var outOfRange = OutOfRange.fail
    /// Compares every batch with its checksum.
    public var checksChecksums = true

    public init() {}
}
