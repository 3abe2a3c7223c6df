import Raft

/// `Progress` written down a second time, as plainly as possible.
struct ProgressTwin {
    enum Event {
        case send(through: LogIndex, bytes: Int)
        case acknowledge(LogIndex, written: LogIndex)
        /// After a loss; the number counts them.
        case rejoin(UInt64)
        case reject(LogIndex, guess: LogIndex)
        case disconnect
        case offer(LogIndex)

        func apply(to progress: inout Progress) {
            switch self {
            case .send(let last, let bytes): progress.noteSent(through: last, bytes: bytes, commit: 0)
            case .acknowledge(let index, let written): progress.acknowledge(index, written: written)
            case .rejoin(let count): _ = progress.note(rejoins: count)
            case .reject(let index, let guess): _ = progress.reject(index, guess: guess, isCertain: false)
            case .disconnect: progress.becomeProbe()
            case .offer(let index): progress.becomeSnapshot(offering: Position(index: index, term: 1))
            }
        }
    }

    var matched: LogIndex = 0
    var written: LogIndex = 0
    var rejoins: UInt64?
    var next: LogIndex
    var state: Progress.State = .probe
    var sent: [(last: LogIndex, bytes: Int)] = []
    var isProbing = false
    var offered: LogIndex = 0

    init(next: LogIndex) { self.next = next }

    func randomEvent(_ dice: inout Dice) -> Event {
        switch dice.below(11) {
        case 0..<4: .send(through: next - 1 + LogIndex(dice.below(4)), bytes: dice.below(50))
        case 4..<7: randomAcknowledgement(&dice)
        case 10: .rejoin(UInt64(dice.below(Int(rejoins ?? 0) + 2)))
        case 7, 8:
            .reject(
                dice.happens(60) ? next - 1 : LogIndex(dice.below(Int(next) + 2)), guess: LogIndex(dice.below(20)))
        default: dice.happens(50) ? .disconnect : .offer(matched + LogIndex(dice.below(5)))
        }
    }

    private func randomAcknowledgement(_ dice: inout Dice) -> Event {
        let index = LogIndex(dice.below(Int(next)))
        return .acknowledge(index, written: dice.happens(50) ? index : index + LogIndex(dice.below(Int(next - index))))
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .send(let last, let bytes):
            if state == .probe { isProbing = true }
            guard state == .replicate, last >= next else { return }
            sent.append((last, bytes))
            next = last + 1
        case .acknowledge(let index, let end): acknowledge(index, end)
        case .rejoin(let count):
            let isLoss = rejoins.map { $0 < count } ?? false
            rejoins = max(rejoins ?? count, count)
            guard isLoss else { return }
            written = matched
            if state != .snapshot { probe(from: matched + 1) }
        case .reject(let index, let guess): reject(index, guess)
        case .disconnect: probe(from: matched + 1)
        case .offer(let index):
            probe(from: matched + 1)
            state = .snapshot
            offered = index
        }
    }

    private mutating func acknowledge(_ index: LogIndex, _ end: LogIndex) {
        let isNews = index >= matched
        if index > matched { matched = index }
        written = [written, matched, end].max() ?? 0
        sent = sent.filter { $0.last > written }
        if next <= written { next = written + 1 }
        let leavesSnapshot = state == .snapshot && matched >= offered
        guard (state == .probe && isNews) || leavesSnapshot else { return }
        state = .replicate
        isProbing = false
        next = written + 1
    }

    private mutating func reject(_ index: LogIndex, _ guess: LogIndex) {
        let isCurrent =
            switch state {
            case .snapshot: false
            case .probe: isProbing && index == next - 1
            case .replicate: index < next
            }
        // The follower has lost what it had acknowledged.
        if state == .probe, isCurrent, index == matched, index > 0 {
            matched = min(guess, index - 1)
            written = matched
            return probe(from: matched + 1)
        }
        guard isCurrent, index > matched else { return }
        if written >= index { written = index - 1 }
        probe(from: [matched, [guess, index - 1].min() ?? 0].max().map { $0 + 1 } ?? 1)
    }

    private mutating func probe(from index: LogIndex) {
        state = .probe
        next = index
        isProbing = false
        sent = []
    }
}
