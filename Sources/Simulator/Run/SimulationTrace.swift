/// What happens in a run: always as a hash, and line by line for whoever listens.
struct SimulationTrace {
    /// Gets each line: microseconds, who, what, and details.
    var sink: ((UInt64, String, String, String) -> Void)?
    /// FNV-1a over every event, so that two runs can be compared.
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var events = 0

    mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x100_0000_01b3
        hash ^= hash >> 31
    }

    mutating func event(_ time: UInt64, _ kind: UInt64, _ one: Int, _ other: Int) {
        events += 1
        mix(time)
        mix(kind << 48 ^ UInt64(truncatingIfNeeded: one) << 24 ^ UInt64(truncatingIfNeeded: other))
    }

    func note(_ time: UInt64, _ who: @autoclosure () -> String, _ what: String, _ detail: @autoclosure () -> String) {
        sink?(time, who(), what, detail())
    }
}
