import Broker
import NamePatterns

/// The patterns of a group's members, and the topics they match. Each is compared with each topic once.
struct SubscribedPatterns {
    private let catalog: TopicCatalog
    private var matches: [String: Matches] = [:]

    private struct Matches {
        let pattern: NamePattern
        /// In order, each once.
        var names: [String] = []
        /// Topics from this number on were not looked at yet.
        var next: UInt32 = 0
        /// The directory of topics when all was looked at.
        var stamp: DirectoryStamp?
    }

    init(_ catalog: TopicCatalog) { self.catalog = catalog }

    /// A member is about to subscribe to it. Throws when it is no pattern, or takes too long to be compared with the
    /// topics there are.
    mutating func take(_ text: String) throws(NamePatternError) {
        if matches[text] != nil { return }
        var found = Matches(pattern: try NamePattern(text))
        try update(&found) { (failure) throws(NamePatternError) in throw failure }
        matches[text] = found
    }

    /// Names of what `member` reads, in order, each once; of topics that are no more, too, if it names them.
    mutating func topics(of member: ConsumerMember) -> [String] {
        guard let text = member.pattern, let names = names(matching: text) else { return member.topics }
        return member.topics.isEmpty ? names : Set(names).union(member.topics).sorted()
    }

    /// A name that came after the pattern, and cannot be compared with it in time, does not match.
    private mutating func names(matching text: String) -> [String]? {
        guard var found = matches[text] ?? stored(text) else { return nil }
        update(&found) { _ in catalog.noteFailure() }
        matches[text] = found
        return found.names
    }

    /// A coordinator before this one has taken it. If the library here does not, nothing matches it.
    private func stored(_ text: String) -> Matches? {
        do throws(NamePatternError) { return Matches(pattern: try NamePattern(text)) } catch {
            catalog.noteFailure()
            return nil
        }
    }

    /// Looks at the topics that have come and gone; `failed` is told of those that cannot be compared.
    private func update<Failure: Error>(
        _ found: inout Matches, _ failed: (NamePatternError) throws(Failure) -> Void
    ) throws(Failure) {
        let stamp = catalog.stamp
        if found.stamp == stamp { return }
        var names = Set(found.names.filter { catalog.find($0) != nil })
        while found.next < stamp.numbers {
            defer { found.next += 1 }
            guard let name = catalog.name(ofTopic: found.next) else { continue }
            do throws(NamePatternError) {
                if try found.pattern.matches(name) { names.insert(name) }
            } catch {
                try failed(error)
            }
        }
        found.names = names.sorted()
        found.stamp = stamp
    }

    /// Forgets those that none of `members` has.
    mutating func keep(_ members: [ConsumerMember]) {
        if matches.isEmpty { return }
        let used = Set(members.compactMap(\.pattern))
        matches = matches.filter { used.contains($0.key) }
    }
}
