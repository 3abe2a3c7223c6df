import Bytes
import Node

/// The connection of a request that another node passed on: takes the one response and hands it back.
final class ForwardedConnection: KafkaConnection {
    private var answer: ((ByteSlice) -> Void)?
    var onAnswered: (() -> Void)?

    init(_ answer: @escaping (ByteSlice) -> Void) { self.answer = answer }

    func send(_ pieces: [StoredBytes]) {
        guard let answer else { return }
        var writer = ByteWriter()
        for piece in pieces {
            guard case .memory(let slice) = piece else {
                preconditionFailure("a forwarded request was answered with stored records")
            }
            writer.bytes(slice)
        }
        end { answer(writer.finish()) }
    }

    /// A request that cannot even be refused gets an empty reply: the other node closes its connection too.
    func close(reason: String) {
        guard let answer else { return }
        end { answer(.empty) }
    }

    func setReading(_ enabled: Bool) {}
    var queuedBytes: Int { 0 }
    var clientHost: String { "" }

    private func end(_ body: () -> Void) {
        answer = nil
        body()
        onAnswered?()
    }
}
