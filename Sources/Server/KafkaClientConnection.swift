import Bytes
import KafkaGateway
import Node
import Ports
import SystemIO

/// Joins one socket to its Kafka session.
final class KafkaClientConnection: ConnectionHandler, KafkaConnection {
    private let connection: Connection
    private let gateway: KafkaGateway
    private let logger: LineLogger
    private var session: KafkaSession?

    init(_ connection: Connection, gateway: KafkaGateway, logger: LineLogger) {
        self.connection = connection
        self.gateway = gateway
        self.logger = logger
        session = gateway.open(self)
    }

    func connection(_ connection: Connection, received bytes: ByteSlice) {
        session?.receive(bytes)
    }

    func connectionClosed(_ connection: Connection, reason: CloseReason) {
        if let session { gateway.close(session) }
        session = nil
        if case .closedByPeer = reason { return }
        logger.info("kafka connection closed", ["peer": connection.peer, "reason": reason.description])
    }

    func connectionDrained(_ connection: Connection) {
        session?.drained()
    }

    func send(_ pieces: [StoredBytes]) {
        for piece in pieces {
            switch piece {
            case .memory(let slice): connection.send(slice)
            case .file(let file, let offset, let length):
                do {
                    try connection.send(file: file, offset: offset, length: length)
                } catch {
                    return connection.close(.fileFailed(error))
                }
            }
        }
    }

    func setReading(_ enabled: Bool) {
        if enabled { connection.resumeReading() } else { connection.pauseReading() }
    }

    func close(reason: String) {
        logger.warning("closing kafka connection", ["peer": connection.peer, "reason": reason])
        connection.closeAfterFlush()
    }

    var queuedBytes: Int { connection.queuedBytes }

    var clientHost: String {
        connection.peer.lastIndex(of: ":").map { String(connection.peer[..<$0]) } ?? connection.peer
    }
}
