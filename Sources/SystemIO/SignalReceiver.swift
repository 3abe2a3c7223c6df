import CSystem

/// Reads a signalfd for a loop. Loop thread only.
final class SignalReceiver: EventHandler {
    private let descriptor: Int32
    private let handler: (Int32) -> Void

    init(descriptor: Int32, handler: @escaping (Int32) -> Void) {
        self.descriptor = descriptor
        self.handler = handler
    }

    // Lives until the loop goes, and the loop until the process ends or a test is over.
    deinit { holdfast_close(descriptor) }

    func ready(_ events: Readiness) {
        while true {
            let signal = holdfast_signalfd_next(descriptor)
            if signal <= 0 { return }
            handler(signal)
        }
    }
}
