/// The names of the files in a group's directory.
enum FileNames {
    static let state = "term-and-vote"
    static let segmentSuffix = ".log"
    static let sidecarSuffix = ".idx"
    static let rowsSuffix = ".rows"
    static let snapshotSuffix = ".snapshot"
    static let receivedSuffix = ".received"
    static let spareSuffix = ".spare"
    /// Unfinished files; removed at the next opening.
    static let temporarySuffix = ".tmp"

    static func segment(_ first: UInt64) -> String { digits(first) + segmentSuffix }
    static func sidecar(_ first: UInt64) -> String { digits(first) + sidecarSuffix }
    static func rows(_ first: UInt64) -> String { digits(first) + rowsSuffix }
    static func snapshot(_ index: UInt64) -> String { digits(index) + snapshotSuffix }
    static func received(_ index: UInt64) -> String { digits(index) + receivedSuffix }
    static func spare(_ number: UInt64) -> String { digits(number) + spareSuffix }

    /// The number in front of `suffix`, or nil if `name` is not 20 digits and that suffix.
    static func number(of name: String, suffix: String) -> UInt64? {
        guard name.hasSuffix(suffix) else { return nil }
        let prefix = name.dropLast(suffix.count)
        guard prefix.utf8.count == 20, prefix.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return UInt64(prefix)
    }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: "0", count: 20 - text.utf8.count) + text
    }
}
