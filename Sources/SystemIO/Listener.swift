import CSystem
import Glibc
import Ports

/// Where and how a `Listener` accepts.
package struct ListenerSettings: Sendable {
    /// An address or name; "0.0.0.0" for every IPv4 address.
    package var host: String
    /// 0 lets the operating system choose; see `Listener.port`.
    package var port: UInt16
    package var maximumConnections: Int
    package var connection: ConnectionSettings

    package init(host: String, port: UInt16, maximumConnections: Int = 10_000, connection: ConnectionSettings) {
        self.host = host
        self.port = port
        self.maximumConnections = maximumConnections
        self.connection = connection
    }
}

/// Accepts TCP connections on one port. Loop thread only.
package final class Listener {
    /// The port bound to.
    package let port: UInt16
    /// Connections closed at once because `maximumConnections` were open.
    package private(set) var refusedConnections: UInt64 = 0
    package private(set) var acceptedConnections: UInt64 = 0
    /// Told when accepting fails for want of descriptors or memory; it is tried again after a pause.
    package var onAcceptFailure: ((SystemError) -> Void)?

    private let loop: EventLoop
    private let settings: ListenerSettings
    private let files: SystemDiskQueue?
    private let descriptor: Int32
    private let onAccept: (Connection) -> (any ConnectionHandler)?
    private var connections: [UInt64: Connection] = [:]
    private var retryTimer: TimerID?
    private var isClosed = false

    private static let backlog: Int32 = 1024
    private static let acceptsPerTurn = 64
    private static let retryNanoseconds: UInt64 = 100_000_000

    /// Starts listening. `onAccept` is called for every new connection and returns its handler, or nil to refuse it;
    /// nothing has been read from it yet. `files` is needed for connections that send file chunks. The error names
    /// host, port and errno.
    package init(
        loop: EventLoop, settings: ListenerSettings, files: SystemDiskQueue? = nil,
        onAccept: @escaping (Connection) -> (any ConnectionHandler)?
    ) throws(SystemError) {
        self.loop = loop
        self.settings = settings
        self.files = files
        self.onAccept = onAccept
        let target = hostAndPort(settings.host, settings.port)
        let address = try SocketAddress(host: settings.host, port: settings.port, forListening: true)
        var raw = address.raw
        descriptor = holdfast_listen(&raw, Self.backlog)
        if descriptor < 0 { throw SystemError("listening", target, errno: -descriptor) }
        let bound = holdfast_local_port(descriptor)
        port = UInt16(clamping: bound)
        if bound < 0 {
            holdfast_close(descriptor)
            throw SystemError("listening", target, errno: -bound)
        }
        do throws(SystemError) {
            try loop.register(descriptor, .readable, self)
        } catch {
            holdfast_close(descriptor)
            throw error
        }
    }

    /// Open connections, those that are still being closed included.
    package var connectionCount: Int { connections.count }

    /// Stops accepting; open connections stay.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        if let retryTimer { loop.cancel(retryTimer) }
        loop.unregister(descriptor)
        holdfast_close(descriptor)
    }

    /// Ends every connection accepted here.
    package func closeConnections(_ reason: String) {
        for (_, connection) in connections { connection.close(.closedLocally(reason)) }
    }

    private func accept(_ accepted: Int32, _ address: SocketAddress) {
        guard connections.count < settings.maximumConnections else {
            refusedConnections += 1
            holdfast_close(accepted)
            return
        }
        acceptedConnections += 1
        let connection: Connection
        do throws(SystemError) {
            connection = try Connection(
                loop: loop, descriptor: accepted, id: loop.newConnectionID(), peer: address.description,
                settings: settings.connection, files: files)
        } catch {
            // The peer may be gone already; anything worse repeats and shows up in accept itself.
            onAcceptFailure?(error)
            return
        }
        connections[connection.id] = connection
        connection.onReleased = { [weak self] in self?.connections[$0.id] = nil }
        guard let handler = onAccept(connection) else {
            connection.close(.closedLocally("refused"))
            return
        }
        connection.handler = handler
    }

    /// Out of descriptors or memory: the listening socket stays readable, so not looking away for a while would spin.
    private func pause(_ error: SystemError) {
        onAcceptFailure?(error)
        loop.setInterest(descriptor, [])
        retryTimer = loop.schedule(afterNanoseconds: Self.retryNanoseconds) { [weak self] in
            guard let self, !isClosed else { return }
            retryTimer = nil
            loop.setInterest(descriptor, .readable)
        }
    }
}

extension Listener: EventHandler {
    package func ready(_ events: Readiness) {
        for _ in 0..<Self.acceptsPerTurn where !isClosed {
            var address = holdfast_address()
            let accepted = holdfast_accept(descriptor, &address)
            if accepted >= 0 {
                accept(accepted, SocketAddress(raw: address))
                continue
            }
            switch -accepted {
            case EAGAIN: return
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                return pause(SystemError("accepting", hostAndPort(settings.host, port), errno: -accepted))
            // The connection failed before it was accepted (accept(2) lists network errors too): take the next one.
            default: continue
            }
        }
    }
}
