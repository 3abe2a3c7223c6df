import Planted

/// What leaves the core, in order. Messages stay here while term or vote are not on disk: a member must not be heard in
/// a term that it could forget.
struct Outbox: Hashable, Sendable {
    private struct HardState: Hashable, Sendable {
        var term: Term
        var vote: MemberID?
    }

    private struct Envelope: Hashable, Sendable {
        var message: RaftMessage
        var receiver: MemberID
    }

    private var outputs: [RaftOutput] = []
    private var held: [Envelope] = []
    /// Saves the shell has not reported, oldest first. They complete in order.
    private var pendingSaves: [HardState] = []
    /// Where in `outputs` the newest save is, until the shell takes it.
    private var untakenSave: Int?

    init() {}

    /// Term and vote are on disk.
    var isSaved: Bool { pendingSaves.isEmpty }

    mutating func put(_ output: RaftOutput) { outputs.append(output) }

    mutating func take() -> [RaftOutput] {
        untakenSave = nil
        defer { outputs = [] }
        return outputs
    }

    /// One save per batch of outputs: a vote in a new term is one write, not two.
    mutating func save(term: Term, vote: MemberID?) {
        let state = HardState(term: term, vote: vote)
        if let untakenSave {
            outputs[untakenSave] = .saveHardState(term: term, vote: vote)
            pendingSaves[pendingSaves.count - 1] = state
        } else {
            untakenSave = outputs.count
            outputs.append(.saveHardState(term: term, vote: vote))
            pendingSaves.append(state)
        }
    }

    /// Releases what was held once nothing newer is on its way to the disk.
    mutating func onSaved(term: Term, vote: MemberID?) {
        guard let number = pendingSaves.firstIndex(of: HardState(term: term, vote: vote)) else { return }
        guard !(number == pendingSaves.count - 1 && untakenSave != nil) else { return }
        pendingSaves.removeFirst(number + 1)
        guard isSaved else { return }
        for envelope in held { outputs.append(.send(envelope.message, to: envelope.receiver)) }
        held.removeAll()
    }

    mutating func send(_ message: RaftMessage, to receiver: MemberID) {
        #if DEBUG
        if Planted.has(.speaksBeforeSaving) { return outputs.append(.send(message, to: receiver)) }
        #endif
        if isSaved { outputs.append(.send(message, to: receiver)) } else { hold(message, for: receiver) }
    }

    /// The newest message of a kind stands for the earlier ones, so that a disk that stalls for seconds does not make
    /// the outbox grow.
    private mutating func hold(_ message: RaftMessage, for receiver: MemberID) {
        let envelope = Envelope(message: message, receiver: receiver)
        held.removeAll { $0.receiver == receiver && $0.message.kind == message.kind }
        held.append(envelope)
    }

    /// What was said in an older term is of no use to anyone.
    mutating func dropHeld() { held.removeAll() }
}
