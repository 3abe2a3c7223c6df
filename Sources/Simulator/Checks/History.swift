/// What clients did and saw, and what that says about the broker. Knows nothing of the broker's inside. In the manner
/// of Jepsen's Kafka workload: every value is unique, so each record read tells who sent it, when and where to.
package final class History {
    /// A produced value: the producer's number in the upper half, a running number in the lower.
    package struct Value: Hashable, CustomStringConvertible {
        let producer: Int
        let number: Int

        package init(producer: Int, number: Int) {
            self.producer = producer
            self.number = number
        }

        init(_ word: UInt64) {
            producer = Int(word >> 32)
            number = Int(word & 0xffff_ffff)
        }

        var word: UInt64 { UInt64(producer) << 32 | UInt64(number) }
        package var description: String { "\(producer):\(number)" }
    }

    package struct Partition: Hashable, CustomStringConvertible {
        let stream: Int
        let partition: Int

        package init(stream: Int, partition: Int) {
            self.stream = stream
            self.partition = partition
        }

        package var description: String { "stream \(stream) partition \(partition)" }
    }

    private enum Outcome {
        /// Sent; nobody has said what became of it.
        case open
        /// By a leader alone: it may be gone with the next one.
        case acknowledgedByLeader
        /// At this offset if it is known.
        case acknowledged(Int64?)
    }

    private struct Sent {
        let place: Partition
        var attempts = 0
        var outcome = Outcome.open
    }

    private struct Producer {
        let isIdempotent: Bool
        var sent: [Sent] = []
    }

    private var producers: [Producer] = []
    /// What is known of a partition's offsets.
    private struct Offsets {
        /// The value that somebody has seen at each.
        var seen: [Value?] = []
        /// One above the highest one acknowledged.
        var acknowledgedEnd: Int64 = 0
    }

    /// By stream, then partition.
    private var offsets: [[Offsets]] = []
    package private(set) var acknowledgedCount = 0
    /// Values that a leader alone had acknowledged, and that were not there when their partition was read.
    package private(set) var lostLeaderAcks = 0

    package init() {}

    // MARK: What happened

    package func addProducer(isIdempotent: Bool) -> Int {
        producers.append(Producer(isIdempotent: isIdempotent))
        return producers.count - 1
    }

    /// A new value is about to be sent.
    package func invoke(producer: Int, to place: Partition) -> Value {
        producers[producer].sent.append(Sent(place: place))
        return Value(producer: producer, number: producers[producer].sent.count - 1)
    }

    package func attempted(_ value: Value) { producers[value.producer].sent[value.number].attempts += 1 }

    /// The broker has promised to keep `value`. Answers what is wrong with that, if anything.
    package func acknowledged(_ value: Value, at offset: Int64?) -> String? {
        let sent = producers[value.producer].sent[value.number]
        if case .acknowledged(let before?) = sent.outcome, let offset, before != offset {
            return producers[value.producer].isIdempotent
                ? "\(value) was acknowledged at \(before) and again at \(offset)" : nil
        }
        let isNews = if case .acknowledged = sent.outcome { false } else { true }
        if isNews { acknowledgedCount += 1 }
        producers[value.producer].sent[value.number].outcome = .acknowledged(offset)
        guard let offset else { return nil }
        prepare(sent.place)
        let end = offsets[sent.place.stream][sent.place.partition].acknowledgedEnd
        offsets[sent.place.stream][sent.place.partition].acknowledgedEnd = max(end, offset + 1)
        return note(value, at: offset, in: sent.place, "acknowledged")
    }

    /// One node has `value` on its disk, and its leader has said so. Nobody has promised to keep it.
    package func acknowledgedByLeader(_ value: Value) {
        guard case .open = producers[value.producer].sent[value.number].outcome else { return }
        producers[value.producer].sent[value.number].outcome = .acknowledgedByLeader
    }

    /// A consumer was given `value`. Answers what is wrong with that, if anything.
    package func read(_ value: Value, at offset: Int64, in place: Partition) -> String? {
        guard value.producer < producers.count, value.number < producers[value.producer].sent.count,
            producers[value.producer].sent[value.number].attempts > 0
        else { return "phantom: \(value) at \(offset) of \(place) was never sent" }
        let sent = producers[value.producer].sent[value.number]
        guard sent.place == place else { return "phantom: \(value) of \(sent.place) was read from \(place)" }
        return note(value, at: offset, in: place, "read")
    }

    private func note(_ value: Value, at offset: Int64, in place: Partition, _ how: String) -> String? {
        guard offset >= 0, offset < 1 << 24 else { return "\(value) was \(how) at offset \(offset)" }
        let position = Int(offset)
        prepare(place)
        let known = end(of: place)
        if known <= position {
            let missing = repeatElement(Value?.none, count: position + 1 - known)
            offsets[place.stream][place.partition].seen.append(contentsOf: missing)
        }
        if let before = offsets[place.stream][place.partition].seen[position], before != value {
            return "inconsistent offset: \(offset) of \(place) was \(before), then \(value) was \(how) there"
        }
        offsets[place.stream][place.partition].seen[position] = value
        return nil
    }

    private func prepare(_ place: Partition) {
        while offsets.count <= place.stream { offsets.append([]) }
        while offsets[place.stream].count <= place.partition { offsets[place.stream].append(Offsets()) }
    }

    private func known(_ place: Partition) -> Offsets? {
        guard place.stream < offsets.count, place.partition < offsets[place.stream].count else { return nil }
        return offsets[place.stream][place.partition]
    }

    /// One above the highest offset at which anybody has seen a value.
    package func end(of place: Partition) -> Int { known(place)?.seen.count ?? 0 }

    package func acknowledgedEnd(of place: Partition) -> Int64 { known(place)?.acknowledgedEnd ?? 0 }

    // MARK: The last word

    /// Compares the whole contents of a partition, from offset 0 on, with everything known about it.
    package func audit(_ place: Partition, _ log: [Value]) -> String? {
        for (offset, value) in log.enumerated() {
            if let wrong = read(value, at: Int64(offset), in: place) { return wrong }
        }
        if end(of: place) > log.count, let known = known(place)?.seen,
            let lost = known[log.count...].compactMap({ $0 }).first
        {
            return "lost: \(lost) was seen in \(place) at or above \(log.count), where the log ends now"
        }
        var found: [[Int]] = producers.map { Array(repeating: 0, count: $0.sent.count) }
        var first: [[Int]] = producers.map { Array(repeating: -1, count: $0.sent.count) }
        for (offset, value) in log.enumerated() {
            found[value.producer][value.number] += 1
            if first[value.producer][value.number] < 0 { first[value.producer][value.number] = offset }
        }
        for (number, producer) in producers.enumerated() {
            if let wrong = audit(producer, number, place, found: found[number], first: first[number], log) {
                return wrong
            }
        }
        return nil
    }

    private func audit(
        _ producer: Producer, _ number: Int, _ place: Partition, found: [Int], first: [Int], _ log: [Value]
    ) -> String? {
        var last = -1
        for (position, sent) in producer.sent.enumerated() where sent.place == place {
            let value = Value(producer: number, number: position)
            guard case .acknowledged(let offset) = sent.outcome else {
                if case .acknowledgedByLeader = sent.outcome, found[position] == 0 { lostLeaderAcks += 1 }
                if found[position] > limit(producer, sent) { return duplicate(value, found[position], place) }
                if producer.isIdempotent, first[position] >= 0 {
                    if first[position] < last { return "reordered: \(value) in \(place)" }
                    last = first[position]
                }
                continue
            }
            if found[position] == 0 { return "lost: \(value), acknowledged, is not in \(place)" }
            if let offset, log[Int(offset)] != value { return "lost: \(value) is not at \(offset) of \(place)" }
            if found[position] > limit(producer, sent) { return duplicate(value, found[position], place) }
            if first[position] < last { return "reordered: \(value) in \(place)" }
            last = first[position]
        }
        return nil
    }

    private func limit(_ producer: Producer, _ sent: Sent) -> Int { producer.isIdempotent ? 1 : sent.attempts }

    private func duplicate(_ value: Value, _ count: Int, _ place: Partition) -> String {
        "duplicate: \(value) is in \(place) \(count) times"
    }
}
