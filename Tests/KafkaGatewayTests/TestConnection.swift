import Bytes
import KafkaGateway
import Node
import Simulator

/// A client's socket as the gateway sees it, in memory.
final class TestConnection: KafkaConnection {
    private let disk: SimulatedDisk
    private var assembler = FrameAssembler(maximumFrame: 64 << 20)
    /// Response frames, without their length, that nobody has taken yet.
    private var frames: [ByteSlice] = []
    private(set) var isReading = true
    private(set) var closeReason: String?
    /// Requests that came while reading was stopped.
    private var backlog: [ByteSlice] = []
    weak var session: KafkaSession?
    var queuedBytes = 0
    let clientHost = "10.0.0.9"

    init(disk: SimulatedDisk) { self.disk = disk }

    var frameCount: Int { frames.count }

    func send(_ pieces: [StoredBytes]) {
        for piece in pieces {
            switch piece {
            case .memory(let slice): assembler.append(slice)
            case .file(let file, let offset, let length):
                do {
                    assembler.append(try disk.read(file, offset: offset, count: length))
                } catch {
                    closeReason = "\(error)"
                }
            }
        }
        do {
            while let frame = try assembler.next() { frames.append(frame) }
        } catch {
            closeReason = "\(error)"
        }
    }

    func setReading(_ enabled: Bool) {
        isReading = enabled
        while isReading, !backlog.isEmpty, let session { session.receive(backlog.removeFirst()) }
    }

    func close(reason: String) { closeReason = reason }

    /// A request frame from the client.
    func deliver(_ frame: ByteSlice) {
        if isReading, backlog.isEmpty { session?.receive(frame) } else { backlog.append(frame) }
    }

    var isSilent: Bool { frames.isEmpty }

    func takeFrame() -> ByteSlice? { frames.isEmpty ? nil : frames.removeFirst() }
}
