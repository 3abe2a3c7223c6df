import CSystem

extension EventLoop {
    /// Calls `handler` on the loop for each arrival of one of `signals`, which are blocked in this thread and in the
    /// threads it starts from now on: call it before starting any. SIGPIPE is ignored from the loop's creation on.
    package func handleSignals(
        _ signals: [Int32], _ handler: @escaping (Int32) -> Void
    ) throws(SystemError) {
        let descriptor = holdfast_signalfd(signals, Int32(signals.count))
        if descriptor < 0 { throw SystemError("creating a signalfd", errno: -descriptor) }
        let receiver = SignalReceiver(descriptor: descriptor, handler: handler)
        do throws(SystemError) {
            try register(descriptor, .readable, receiver)
        } catch {
            holdfast_close(descriptor)
            throw error
        }
    }
}
