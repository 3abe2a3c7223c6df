import Bytes
import Node

/// What a session needs of the connection that carries it: the real socket in Server, a simulated one in tests.
package protocol KafkaConnection: AnyObject {
    /// Queues pieces to be sent end to end, after everything queued before.
    func send(_ pieces: [StoredBytes])
    /// Stops or resumes reading requests: how the broker tells a client that it is full.
    func setReading(_ enabled: Bool)
    /// Closes after what is queued has been sent; `reason` is for the log.
    func close(reason: String)
    /// Bytes queued and not yet taken by the operating system.
    var queuedBytes: Int { get }
    /// The client's address, without the port.
    var clientHost: String { get }
}
