import Bytes

/// What a client needs of the world. The real one is `SystemNetwork`; tests bring brokers and time of their own.
package protocol ClientNetwork: AnyObject {
    /// Nanoseconds from an arbitrary start, never going back.
    var monotonicNanoseconds: UInt64 { get }
    /// Milliseconds since 1970.
    var wallMilliseconds: Int64 { get }
    func random() -> UInt64
    func pause(nanoseconds: UInt64)
    func connect(
        to address: BrokerAddress, timeoutMilliseconds: Int
    ) throws(ConnectionLost) -> any ClientStream
}

/// A connected byte stream. After it has thrown it is of no more use. Dropping the last reference closes it.
package protocol ClientStream: AnyObject {
    func send(_ bytes: ByteSlice, timeoutMilliseconds: Int) throws(ConnectionLost)
    /// The next frame without its length prefix; nil when none is complete in time. A timeout of 0 looks at what is
    /// there.
    func receiveFrame(maximum: Int, timeoutMilliseconds: Int) throws(ConnectionLost) -> ByteSlice?
}

/// A connection that could not be made or did not last: what was asked on it may or may not have been done.
package struct ConnectionLost: Error, Equatable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}
