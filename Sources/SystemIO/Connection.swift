import Bytes
import CSystem
import Glibc
import Ports

/// A non-blocking TCP connection. Loop thread only.
///
/// Life: `open`; after `closeAfterFlush`, `flushing` and then `lingering` (the other side gets a chance to read the
/// last bytes before the socket goes); `closed`. Output queued during a turn leaves at its end in as few system calls
/// as possible. While a file chunk is at the head of the output, the disk queue's reader thread owns writing to
/// the socket, and the descriptor stays open until it gives that back.
package final class Connection {
    /// Distinct among all connections of one loop.
    package let id: UInt64
    /// "address:port" of the other side.
    package let peer: String
    /// Bytes received and sent so far.
    package private(set) var bytesReceived: UInt64 = 0
    package private(set) var bytesSent: UInt64 = 0
    package private(set) var isReadingPaused = false

    let loop: EventLoop
    let descriptor: Int32
    let settings: ConnectionSettings
    let files: SystemDiskQueue?
    var handler: (any ConnectionHandler)?
    /// Called on the loop after `connectionClosed`, for whoever counts connections.
    var onReleased: ((Connection) -> Void)?

    var state = State.open
    var interest: Readiness = []
    var assembler: FrameAssembler
    var receiver: ByteReceiver
    var isDelivering = false
    var output = OutputQueue()
    var isFlushQueued = false
    var isBlocked = false
    var readerOwnsSocket = false
    private var lingerTimer: TimerID?
    private var lingerBudget = 1 << 20

    enum State {
        case open, flushing, lingering, closed
    }

    private static let lingerNanoseconds: UInt64 = 1_000_000_000

    /// Takes over `descriptor`, a connected non-blocking socket, also when it throws.
    init(
        loop: EventLoop, descriptor: Int32, id: UInt64, peer: String, settings: ConnectionSettings,
        files: SystemDiskQueue?
    ) throws(SystemError) {
        self.loop = loop
        self.descriptor = descriptor
        self.id = id
        self.peer = peer
        self.settings = settings
        self.files = files
        switch settings.receive {
        case .frames(let maximum):
            assembler = FrameAssembler(maximumFrame: maximum, bufferSize: settings.receiveBuffer)
            receiver = ByteReceiver(bufferSize: 0)
        case .raw:
            assembler = FrameAssembler(maximumFrame: 1, bufferSize: 64)
            receiver = ByteReceiver(bufferSize: settings.receiveBuffer)
        }
        do throws(SystemError) {
            try configureSocket()
            try loop.register(descriptor, .readable, self)
            interest = .readable
        } catch {
            holdfast_close(descriptor)
            throw error
        }
    }

    private func configureSocket() throws(SystemError) {
        var result = holdfast_set_nodelay(descriptor)
        if result == 0 && settings.kernelBuffers > 0 {
            result = holdfast_set_buffers(descriptor, Int32(settings.kernelBuffers), Int32(settings.kernelBuffers))
        }
        if result < 0 { throw SystemError("configuring the socket", peer, errno: -result) }
    }

    /// True until the connection is closed or closing: what is sent to it then is dropped.
    package var isOpen: Bool { state == .open }

    /// Bytes queued and not yet taken by the operating system, file ranges included.
    package var queuedBytes: Int { output.count }

    /// The frame limit of `ReceiveMode.frames`, also for the next frame not yet delivered: raise it after a handshake.
    package var maximumFrame: Int {
        get { assembler.maximumFrame }
        set { assembler.maximumFrame = newValue }
    }

    func countReceived(_ count: Int) { bytesReceived += UInt64(count) }
    func countSent(_ count: Int) { bytesSent += UInt64(count) }
}

// MARK: - Flow control and the end

extension Connection {
    /// Stops delivering at once, in the middle of a burst of frames too, and stops reading the socket. A paused
    /// connection does not notice an orderly close by the other side.
    package func pauseReading() {
        isReadingPaused = true
        updateInterest()
    }

    package func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        updateInterest()
        // Frames that were received before the pause raise no event of their own.
        if assembler.bufferedBytes > 0 { loop.soon { self.deliverFrames() } }
    }

    /// Ends the connection now and drops what is queued. The handler hears of it later, from the loop.
    package func close(_ reason: CloseReason = .closedLocally("closed")) {
        guard state != .closed else { return }
        state = .closed
        if let lingerTimer { loop.cancel(lingerTimer) }
        output.removeAll()
        loop.unregister(descriptor)
        if readerOwnsSocket {
            // Ends a sendfile that is under way; the reader thread's answer closes the descriptor. Closing
            // here would let the number go to a new connection while the thread still writes to it.
            holdfast_shutdown(descriptor)
        } else {
            holdfast_close(descriptor)
        }
        loop.soon {
            self.handler?.connectionClosed(self, reason: reason)
            self.handler = nil
            self.onReleased?(self)
            self.onReleased = nil
        }
    }

    /// Sends what is queued and closes then. Nothing more is delivered or accepted for sending. A receiver that does
    /// not read keeps the connection open: deadlines are the owner's.
    package func closeAfterFlush() {
        guard state == .open else { return }
        state = .flushing
        updateInterest()
        queueFlush()
    }

    /// Everything is sent: half-close and drain, because closing a socket with unread input makes the kernel send a
    /// reset that can overtake the last response.
    func linger() {
        guard state == .flushing else { return }
        state = .lingering
        let result = holdfast_shutdown_writing(descriptor)
        if result < 0 { return close(.closedLocally("closed")) }
        lingerTimer = loop.schedule(afterNanoseconds: Self.lingerNanoseconds) { [weak self] in
            self?.close(.closedLocally("closed"))
        }
        updateInterest()
    }

    private func drainLingering() {
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { scratch in
            while true {
                let count = holdfast_receive(descriptor, scratch.baseAddress, scratch.count)
                if count == -Int(EAGAIN) { return }
                lingerBudget -= max(count, 0)
                if count <= 0 || lingerBudget < 0 { return close(.closedLocally("closed")) }
            }
        }
    }

    func updateInterest() {
        guard state != .closed else { return }
        var wanted: Readiness = []
        if state == .lingering || (state == .open && !isReadingPaused) { wanted.insert(.readable) }
        if isBlocked { wanted.insert(.writable) }
        guard wanted != interest else { return }
        interest = wanted
        loop.setInterest(descriptor, wanted)
    }
}

// MARK: - Events

extension Connection: EventHandler {
    package func ready(_ events: Readiness) {
        if state == .lingering { return drainLingering() }
        if state == .open && !isReadingPaused && !events.isDisjoint(with: [.readable, .broken]) { readSocket() }
        guard state == .open || state == .flushing else { return }
        if events.contains(.broken) && (isReadingPaused || state == .flushing) {
            let error = holdfast_socket_error(descriptor)
            return close(error == 0 ? .closedByPeer : .failed(SystemError("connection", peer, errno: -error)))
        }
        if events.contains(.writable) && isBlocked {
            isBlocked = false
            updateInterest()
            queueFlush()
        }
    }
}
