/// Finds what a mistyped word was probably meant to be.
enum Spelling {
    /// The word of `candidates` with the fewest edits, if those are no more than a third of it (at least two).
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let ranked = candidates.map { (name: $0, edits: distance(word, $0)) }.min { $0.edits < $1.edits }
        guard let best = ranked, best.edits <= max(2, word.count / 3), best.edits < best.name.count else { return nil }
        return best.name
    }

    /// Levenshtein: insertions, deletions and replacements of one character.
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (line, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (character == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
