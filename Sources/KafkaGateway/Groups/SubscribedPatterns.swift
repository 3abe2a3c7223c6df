import Broker
import TopicPatterns

/// The patterns of a group's members, and the topics they match. Each is compared with each topic once.
struct SubscribedPatterns {
    private let catalog: TopicCatalog
    private var matches: [String: Matches] = [:]

    private struct Matches {
        let pattern: TopicPattern
        var names: Set<String> = []
        /// Topics from this number on were not looked at yet.
        var next: UInt32 = 0
    }

    init(_ catalog: TopicCatalog) { self.catalog = catalog }

    /// A member is about to subscribe to it. Throws when it is no pattern, or takes too long to be compared with the
    /// topics there are.
    mutating func take(_ text: String) throws(TopicPatternError) {
        if matches[text] != nil { return }
        var found = Matches(pattern: try TopicPattern(text))
        while found.next < catalog.stamp.numbers {
            if let name = catalog.name(ofTopic: found.next), try found.pattern.matches(name) {
                found.names.insert(name)
            }
            found.next += 1
        }
        matches[text] = found
    }

    /// Names of what `member` reads, in order, each once; of topics that are no more, too, if it names them.
    mutating func topics(of member: ConsumerMember) -> [String] {
        guard let text = member.pattern, let names = names(matching: text) else { return member.topics }
        return names.union(member.topics).sorted()
    }

    private mutating func names(matching text: String) -> Set<String>? {
        guard var found = matches[text] ?? stored(text) else { return nil }
        while found.next < catalog.stamp.numbers {
            if let name = catalog.name(ofTopic: found.next), isMatch(found.pattern, name) { found.names.insert(name) }
            found.next += 1
        }
        found.names = found.names.filter { catalog.find($0) != nil }
        matches[text] = found
        return found.names
    }

    /// A coordinator before this one has taken it. If the library here does not, nothing matches it.
    private func stored(_ text: String) -> Matches? {
        do throws(TopicPatternError) { return Matches(pattern: try TopicPattern(text)) } catch {
            catalog.noteFailure()
            return nil
        }
    }

    /// A name that came after the pattern, and cannot be compared with it in time, does not match.
    private func isMatch(_ pattern: TopicPattern, _ name: String) -> Bool {
        do throws(TopicPatternError) { return try pattern.matches(name) } catch {
            catalog.noteFailure()
            return false
        }
    }

    /// Forgets those that none of `members` has.
    mutating func keep(_ members: [ConsumerMember]) {
        if matches.isEmpty { return }
        let used = Set(members.compactMap(\.pattern))
        matches = matches.filter { used.contains($0.key) }
    }
}
