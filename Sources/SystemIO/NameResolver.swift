/// Asks the name service on a thread of its own, because a resolver can take many seconds and cannot be interrupted.
/// Loop thread only.
final class NameResolver {
    private struct Question: Sendable {
        let id: UInt64
        let host: String
        let port: UInt16
    }

    private struct Answer: Sendable {
        let id: UInt64
        let result: Result<SocketAddress, SystemError>
    }

    private let questions = WorkQueue<Question>()
    private let answers: Mailbox<Answer>
    private let waiting = Waiting()
    private var thread: WorkerThread?

    private final class Waiting {
        var callbacks: [UInt64: (Result<SocketAddress, SystemError>) -> Void] = [:]
        var nextID: UInt64 = 1
    }

    init(loop: EventLoop) {
        let waiting = waiting
        answers = loop.makeMailbox { (answers: [Answer]) in
            for answer in answers { waiting.callbacks.removeValue(forKey: answer.id)?(answer.result) }
        }
    }

    // Does not wait for the thread: it may be stuck in the resolver, holds nothing of ours and ends by itself.
    deinit { questions.close() }

    /// Calls `done` on the loop: later, or at once for an address literal.
    func resolve(
        host: String, port: UInt16, _ done: @escaping (Result<SocketAddress, SystemError>) -> Void
    ) {
        if let literal = Self.literal(host, port) { return done(.success(literal)) }
        do throws(SystemError) {
            try startThread()
        } catch {
            return done(.failure(error))
        }
        let id = waiting.nextID
        waiting.nextID += 1
        waiting.callbacks[id] = done
        questions.push(Question(id: id, host: host, port: port))
    }

    private static func literal(_ host: String, _ port: UInt16) -> SocketAddress? {
        do throws(SystemError) {
            return try SocketAddress(host: host, port: port, numericOnly: true)
        } catch {
            // Not a literal: the name service decides.
            return nil
        }
    }

    private func startThread() throws(SystemError) {
        guard thread == nil else { return }
        let (questions, answers) = (questions, answers)
        thread = try WorkerThread("resolver") {
            while let taken = questions.takeAll() {
                for question in taken {
                    let result: Result<SocketAddress, SystemError>
                    do throws(SystemError) {
                        result = .success(try SocketAddress(host: question.host, port: question.port))
                    } catch {
                        result = .failure(error)
                    }
                    answers.post(Answer(id: question.id, result: result))
                }
            }
        }
    }
}
