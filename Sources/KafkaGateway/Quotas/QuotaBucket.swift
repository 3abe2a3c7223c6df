/// Lets through so much a second. What was not used is kept for ten seconds, the time that Kafka measures rates over,
/// so that the wait after a burst is Kafka's, too: what was used, divided by the rate, less those ten seconds.
final class QuotaBucket {
    private static let windowNanoseconds = 10e9

    let perSecond: Double
    /// When all that was used is paid for at this rate, monotonic nanoseconds.
    private var paidUntil = -Double.infinity

    init(perSecond: Double) { self.perSecond = perSecond }

    /// Milliseconds until the rate is kept again, 0 if it is.
    func charge(_ amount: Double, now: UInt64) -> Int32 {
        let time = Double(now)
        paidUntil = max(paidUntil, time - Self.windowNanoseconds) + amount / perSecond * 1e9
        let wait = ((paidUntil - time) / 1e6).rounded(.up)
        return wait > 0 ? Int32(exactly: min(wait, Double(Int32.max))) ?? .max : 0
    }

    func isIdle(at now: UInt64) -> Bool { paidUntil <= Double(now) - Self.windowNanoseconds }
}
