import Raft

/// The members of a script, the messages between them, and what they were seen to do.
final class Stage {
    var members: [TestMember] = []
    var network: [Envelope] = []
    var trace: [String] = []
    /// Members whose disk or loads wait for a command.
    var slowDisks: Set<MemberID> = []
    var slowLoads: Set<MemberID> = []
    var cut: Set<[MemberID]> = []
    var payload: UInt64 = 0
    var settings = RaftSettings(electionTicks: 10, heartbeatTicks: 2, commitUpdate: .atOnce)

    /// One command; returns its trace.
    func run(_ words: [String]) -> [String] {
        trace = []
        if words.first == "quietly" {
            execute(Array(words.dropFirst()))
            return []
        }
        execute(words)
        return trace
    }

    func say(_ text: String) { trace.append(text) }

    func member(_ word: String) -> TestMember {
        guard let id = MemberID(word), let member = members.first(where: { $0.id == id }) else {
            preconditionFailure("no member \(word)")
        }
        return member
    }

    // MARK: The shell

    func drain(_ member: TestMember) { perform(member.raft.takeOutputs(), of: member) }

    func perform(_ outputs: [RaftOutput], of member: TestMember) {
        for output in outputs {
            if let text = describe(output, member) { say("\(member.id) \(text)") }
            if let envelope = member.perform(output) { network.append(envelope) }
        }
        work(member)
    }

    /// Fast disks and loads answer at once.
    private func work(_ member: TestMember) {
        if !slowDisks.contains(member.id), member.performDisk() != nil { return drain(member) }
        if !slowLoads.contains(member.id), !member.loads.isEmpty {
            member.answerLoad(0)
            return drain(member)
        }
        let more = member.raft.takeOutputs()
        if !more.isEmpty { perform(more, of: member) }
    }

    private func describe(_ output: RaftOutput, _ member: TestMember) -> String? {
        if case .loadEntries = output, !slowLoads.contains(member.id) { return nil }
        return Describe.output(output)
    }

    func flush(_ member: TestMember, count: Int) {
        for _ in 0..<count {
            guard let operation = member.performDisk() else { return }
            say("\(member.id) disk: \(Describe.operation(operation))")
            drain(member)
        }
    }

    // MARK: The network

    func hand(_ envelope: Envelope) {
        let member = member("\(envelope.receiver)")
        guard member.isUp, !cut.contains([envelope.sender, envelope.receiver]) else { return }
        perform(member.step(envelope), of: member)
    }

    /// Delivers what is under way and what follows from it, in order, until nothing is.
    func settle() {
        while !network.isEmpty { hand(network.removeFirst()) }
    }

    func take(_ link: String) -> [Envelope] {
        let ends = link.split(separator: ">").compactMap { MemberID($0) }
        guard ends.count == 2 else { preconditionFailure("no link \(link)") }
        let isOnLink = { (envelope: Envelope) in envelope.sender == ends[0] && envelope.receiver == ends[1] }
        let taken = network.filter(isOnLink)
        network.removeAll(where: isOnLink)
        return taken
    }
}
