import Raft

extension Stage {
    // One `case` per command; the words' meaning is in Scripts/README.md.
    func execute(_ words: [String]) {
        let rest = Array(words.dropFirst())
        switch words[0] {
        case "members", "set", "log", "restart", "crash", "snapshot", "install", "fail": executeSetup(words[0], rest)
        case "tick", "campaign", "elect", "propose", "change", "read", "transfer", "step-down", "damage":
            executeEvent(words[0], rest)
        case "deliver", "drop", "repeat", "reverse", "cut", "heal", "isolate", "disconnect", "connect", "inject":
            executeNetwork(words[0], rest)
        case "disk", "flush", "loads", "load": executeShell(words[0], rest)
        case "state": for member in rest.isEmpty ? members : rest.map(member) { say(Describe.state(member)) }
        case "progress": for line in Describe.progress(member(rest[0])) { say(line) }
        case "count": say("\(network.count) messages under way")
        default: preconditionFailure("unknown command \(words)")
        }
    }

    private func executeSetup(_ command: String, _ words: [String]) {
        switch command {
        case "members": createMembers(words)
        case "set": set(words)
        case "log": presetLog(words)
        case "restart":
            member(words[0]).restart(seed: UInt64(member(words[0]).id))
            drain(member(words[0]))
        case "crash": member(words[0]).crash()
        case "snapshot":
            member(words[0]).takeSnapshot(keeping: words.count > 1 ? LogIndex(words[1]) ?? 0 : 0)
            drain(member(words[0]))
        case "install": install(member(words[0]))
        default:
            let member = member(words[0])
            member.raft.onSnapshotFailed(from: member.offers.removeFirst().sender)
            drain(member)
        }
    }

    private func executeEvent(_ command: String, _ words: [String]) {
        let member = member(words[0])
        switch command {
        case "tick":
            for _ in 0..<(words.count > 1 ? Int(words[1]) ?? 1 : 1) {
                member.raft.tick()
                drain(member)
            }
            return
        case "campaign": campaign(member)
        case "elect":
            campaign(member)
            settle()
            trace = ["\(member.id) is \(member.raft.role) of term \(member.raft.term)"]
        case "propose": propose(member, words)
        case "step-down": member.raft.stepDown()
        case "change": change(member, words)
        case "damage":
            let guessed = words.dropFirst(2).compactMap { LogIndex($0) }
            member.raft.onDamage(
                from: LogIndex(words[1]), isReplaceable: words.last == "replaceable",
                guessed: guessed.count == 2 ? guessed[0]...guessed[1] : nil)
        case "read":
            for word in words.dropFirst() { say("\(member.id): \(member.raft.requestRead(id: UInt64(word) ?? 0))") }
        default:
            say("\(member.id): \(member.raft.transferLeadership(to: MemberID(words[1]) ?? 0))")
        }
        drain(member)
    }

    private func executeNetwork(_ command: String, _ words: [String]) {
        switch command {
        case "deliver": if words.isEmpty { settle() } else { for link in words { take(link).forEach(hand) } }
        case "drop":
            if words.isEmpty { network = [] } else { for link in words { _ = take(link) } }
        case "repeat": for link in words { network += take(link).flatMap { [$0, $0] } }
        case "reverse": for link in words { network += take(link).reversed() }
        case "cut": cut.insert(words[0].split(separator: ">").compactMap { MemberID($0) })
        case "heal": cut = []
        case "isolate":
            for other in members {
                cut.insert([member(words[0]).id, other.id])
                cut.insert([other.id, member(words[0]).id])
            }
        case "inject":
            let ends = words[0].split(separator: ">").compactMap { MemberID($0) }
            let message = Parse.message(Array(words.dropFirst()))
            say("\(ends[0]) -> \(ends[1]) \(Describe.message(message))\(message.isWellFormed ? "" : " (ill-formed)")")
            // Late messages are the point of most injections, so cut links let them through.
            let entries = Parse.entries(message)
            let receiver = member("\(ends[1])")
            perform(
                receiver.step(Envelope(sender: ends[0], receiver: ends[1], message: message, entries: entries)),
                of: receiver)
        default:
            let peer = MemberID(words[1]) ?? 0
            if command == "connect" {
                member(words[0]).raft.onPeerConnected(peer)
            } else {
                member(words[0]).raft.onPeerDisconnected(peer)
            }
            drain(member(words[0]))
        }
    }

    private func executeShell(_ command: String, _ words: [String]) {
        let member = member(words[0])
        switch command {
        case "disk": if words[1] == "slow" { slowDisks.insert(member.id) } else { slowDisks.remove(member.id) }
        case "loads": if words[1] == "slow" { slowLoads.insert(member.id) } else { slowLoads.remove(member.id) }
        case "flush": return flush(member, count: words.count > 1 ? Int(words[1]) ?? 1 : member.disk.queue.count)
        default: if !member.loads.isEmpty { member.answerLoad(0) }
        }
        drain(member)
    }

    // MARK: Parts

    private func createMembers(_ words: [String]) {
        network = []
        cut = []
        slowDisks = []
        slowLoads = []
        let voters = (1...(MemberID(words[0]) ?? 1)).map { $0 }
        let learners = words.dropFirst().compactMap { MemberID($0) }
        let snapshot = Snapshot(
            position: .zero, membership: Membership(voters: voters, learners: learners), state: [])
        members = (voters + learners).map { id in
            TestMember(id: id, settings: settings, disk: TestDisk(snapshot: snapshot), seed: UInt64(id))
        }
    }

    /// Before `members`.
    private func set(_ words: [String]) {
        let number = Int(words[1]) ?? 0
        switch words[0] {
        case "append-bytes": settings.maximumAppendBytes = number
        case "inflight-bytes": settings.maximumInflightBytes = number
        case "inflight": settings.maximumInflightAppends = number
        case "promotion-lag": settings.promotionLag = LogIndex(number)
        default: preconditionFailure("unknown setting \(words)")
        }
    }

    /// `log 1 term 3 vote 2 entries 1*4 2*1`: what member 1 finds on its disk, as term*count.
    private func presetLog(_ words: [String]) {
        let member = member(words[0])
        var entries: [Entry] = []
        for word in words.dropFirst(words.firstIndex(of: "entries").map { $0 + 1 } ?? words.count) {
            let numbers = word.split(separator: "*").compactMap { UInt64($0) }
            for _ in 0..<numbers[1] {
                entries.append(Entry(term: numbers[0], payload: 1000 * numbers[0] + UInt64(entries.count), bytes: 10))
            }
        }
        let vote = MemberID(words[4]) ?? 0
        member.disk.preset(term: Term(words[2]) ?? 0, vote: vote == 0 ? nil : vote, entries: entries)
        member.restart(seed: UInt64(member.id))
        drain(member)
    }

    private func install(_ member: TestMember) {
        let (offer, sender) = member.offers.removeFirst()
        let source = self.member("\(sender)").disk.snapshot
        precondition(source.position == offer.position, "the offered snapshot is gone")
        member.disk.submit(.install(source))
        drain(member)
    }

    /// Ticks one member until it runs for office.
    private func campaign(_ member: TestMember) {
        for _ in 0..<40 where member.raft.role == .follower {
            member.raft.tick()
            drain(member)
        }
    }

    private func propose(_ member: TestMember, _ words: [String]) {
        let bytes = words.count > 2 ? Int(words[2]) ?? 10 : 10
        let entries = (0..<(Int(words[1]) ?? 1)).map { _ in
            payload += 1
            return Entry(term: 0, payload: payload, bytes: bytes)
        }
        let result = member.propose(entries)
        if case .accepted(let first, let last) = result {
            say("\(member.id) appends \(first.index)...\(last.index)")
        } else {
            say("\(member.id): \(result)")
        }
    }

    /// `change 1 add 4`: also `promote`, `remove`, and `restate 0`.
    private func change(_ member: TestMember, _ words: [String]) {
        let other = MemberID(words[2]) ?? 0
        let change: MembershipChange
        switch words[1] {
        case "add": change = .addLearner(other)
        case "promote": change = .promote(other)
        case "remove": change = .remove(other)
        case "restate": change = .restate
        default: preconditionFailure("unknown change \(words)")
        }
        payload += 1
        switch member.change(change, payload: payload) {
        case .accepted(let position, let membership):
            say("\(member.id) appends \(position.index): \(Describe.membership(membership))")
        case .refused(let refusal): say("\(member.id) refuses: \(Describe.refusal(refusal))")
        }
    }
}
