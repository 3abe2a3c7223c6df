/// A rule broken at a place.
struct Violation: CustomStringConvertible {
    let path: String
    /// From 1; 0 when the whole file or folder is meant.
    let line: Int
    let rule: String
    let words: String

    var description: String { "\(path):\(line): \(rule): \(words)" }
}
