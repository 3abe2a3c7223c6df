import Synchronization

/// Hands messages from any thread to one event loop, in the order of posting. Made by `EventLoop.makeMailbox`.
///
/// The queue has no bound of its own: whoever posts does so in answer to work that the loop's side bounds.
package final class Mailbox<Message: Sendable>: Sendable {
    private let queue = Mutex<[Message]>([])
    private let waker: Waker

    init(waker: Waker) { self.waker = waker }

    /// Any thread.
    package func post(_ message: Message) {
        queue.withLock { $0.append(message) }
        waker.wake()
    }

    /// Any thread: several messages, one wake-up.
    package func post(contentsOf messages: [Message]) {
        guard !messages.isEmpty else { return }
        queue.withLock { $0.append(contentsOf: messages) }
        waker.wake()
    }

    func take() -> [Message] {
        queue.withLock { messages in
            // A fresh array rather than removeAll: the taken one leaves with its memory.
            guard !messages.isEmpty else { return [] }
            let taken = messages
            messages = []
            return taken
        }
    }
}
