import Bytes
import SystemIO

/// TCP and the operating system's clocks.
final class SystemNetwork: ClientNetwork {
    private let entropy = SystemEntropy()

    var monotonicNanoseconds: UInt64 { SystemClock.monotonicNanoseconds }
    var wallMilliseconds: Int64 { SystemClock.wallMilliseconds }
    func random() -> UInt64 { entropy.next() }
    func pause(nanoseconds: UInt64) { SystemClock.sleep(nanoseconds: nanoseconds) }

    func connect(
        to address: BrokerAddress, timeoutMilliseconds: Int
    ) throws(ConnectionLost) -> any ClientStream {
        do {
            return SystemStream(
                try BlockingConnection(
                    host: address.host, port: address.port, timeoutMilliseconds: timeoutMilliseconds))
        } catch {
            throw ConnectionLost("\(error)")
        }
    }
}

private final class SystemStream: ClientStream {
    private let connection: BlockingConnection

    init(_ connection: BlockingConnection) { self.connection = connection }

    func send(_ bytes: ByteSlice, timeoutMilliseconds: Int) throws(ConnectionLost) {
        connection.timeoutMilliseconds = timeoutMilliseconds
        do {
            try connection.send([bytes])
        } catch {
            throw ConnectionLost("\(error)")
        }
    }

    func receiveFrame(maximum: Int, timeoutMilliseconds: Int) throws(ConnectionLost) -> ByteSlice? {
        connection.timeoutMilliseconds = timeoutMilliseconds
        do {
            return try connection.receiveFrame(maximum: maximum)
        } catch {
            if case .timedOut = error { return nil }
            throw ConnectionLost("\(error)")
        }
    }
}
