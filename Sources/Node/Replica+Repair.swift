import Bytes
import LogStore
import Ports
import Raft

/// Damaged entries: fetched from any member that has them, whoever leads, and written in their place. The copies must
/// have the chain checksums that stood here, so it does not matter who sends them.
extension Replica {
    private static let askMilliseconds = 1_000
    /// Everybody must have said this often that there is no copy before this node gives up.
    private static let fruitlessLimit = 3

    // MARK: Finding damage

    /// What is read at `index` is not what was written: it is looked at again, alone, before anything is made of it.
    func suspect(_ index: UInt64) {
        guard let location = log.location(of: index), index <= log.flushedIndex else { return }
        start(.recheck(location)) {
            disk.read(location.file, offset: location.headerOffset, count: location.byteCount, token: $0)
        }
    }

    /// `bytes` nil: the read failed.
    func rechecked(_ location: EntryLocation, _ bytes: ByteSlice?) {
        defer { resumeApply() }
        if let range = log.damagedRanges.first(where: { log.place(of: $0) == location }) {
            return readAgain(range, location, bytes)
        }
        guard log.location(of: location.index) == location else { return }
        if let bytes, LogStore.decodeStored(bytes, at: location) != nil { return }
        guard log.noteDamage(location.index) else { return }
        metrics.damagedEntries += 1
        onEvent?(.damageFound(first: location.index, last: location.index))
        damageChanged()
    }

    /// The disk had failed to read what was there all the time. Of an entry that nobody else has that is all the help
    /// that can come. (Seed 79953 of the simulator.)
    private func readAgain(_ range: DamagedRange, _ location: EntryLocation, _ bytes: ByteSlice?) {
        guard !repair.isWriting, let bytes, let entry = LogStore.decodeStored(bytes, at: location) else { return }
        log.onRepaired(range)
        onEvent?(.readableAgain(index: range.first))
        wentWell(range, isAsKnown: isTold(entry))
    }

    private func resumeApply() {
        let isChecking = diskWork.tasks.values.contains { if case .recheck = $0 { true } else { false } }
        guard repair.resumesApply, !isChecking else { return }
        repair.resumesApply = false
        coldApply = .idle
        applyCommitted()
    }

    func damageChanged() {
        if let current = repair.current, !log.damagedRanges.contains(current) {
            repair.current = nil
            repair.answers = [:]
        }
        var isReplaceable = false
        switch leader.flatMap({ repair.answers[$0] }) {
        case .absent, .unfit: isReplaceable = true
        case .damaged, nil: break
        }
        let termless = log.damagedRanges.compactMap(\.termless)
        raft.onDamage(
            from: log.damagedRanges.first?.first, isReplaceable: isReplaceable,
            guessed: termless.first.map { $0.lowerBound...termless[termless.count - 1].upperBound })
    }

    // MARK: Asking

    func tickRepair() {
        damageChanged()
        resumeLoads()
        guard !repair.isWriting, let range = log.damagedRanges.first else { return }
        if repair.current != range {
            repair.current = range
            repair.answers = [:]
            repair.fruitlessRounds = 0
            return ask(range)
        }
        repair.waiting += 1
        if repair.waiting * settings.tickMilliseconds >= Self.askMilliseconds {
            judge(range)
            ask(range)
        }
    }

    /// Loads for followers that met damage go on when it is repaired, and also when it was left behind: the follower is
    /// then offered a snapshot.
    private func resumeLoads() {
        guard !repair.deferredLoads.isEmpty else { return }
        let damage = log.damagedRanges
        for (peer, load) in repair.deferredLoads.sorted(by: { $0.key < $1.key })
        where !damage.contains(where: { $0.first <= load.first && load.first <= $0.last }) {
            repair.deferredLoads[peer] = nil
            loadEntries(for: peer, first: load.first, last: load.last, maximumBytes: load.maximumBytes)
        }
    }

    var otherMembers: [NodeID] {
        (raft.membership.voters + raft.membership.learners).map { NodeID($0) }.filter { $0 != node }
    }

    private func ask(_ range: DamagedRange) {
        repair.waiting = 0
        repair.answers = [:]
        for member in otherMembers { send(.repairRead(first: range.first, last: range.last), to: member) }
        guard let place = log.place(of: range) else { return }
        start(.recheck(place)) {
            disk.read(place.file, offset: place.headerOffset, count: place.byteCount, token: $0)
        }
    }

    /// Gives up when every member has answered, again and again, that it has no copy, and so many have lost theirs that
    /// the entry may be committed. Otherwise a leader elected by the others has what is committed, and replaces the
    /// rest.
    private func judge(_ range: DamagedRange) {
        passDamageIfDeleted(range)
        let others = otherMembers
        guard others.allSatisfy({ repair.answers[$0] != nil }) else { return }
        var common = (first: range.first, last: range.last)
        var lost = 1
        for case .damaged(let first, let last) in others.compactMap({ repair.answers[$0] }) {
            lost += 1
            common = (max(common.first, first), min(common.last, last))
        }
        guard lost >= raft.membership.voters.count / 2 + 1, common.first <= common.last else {
            repair.fruitlessRounds = 0
            return
        }
        repair.fruitlessRounds += 1
        guard repair.fruitlessRounds >= Self.fruitlessLimit else { return }
        stop(.noCopyLeft(group: group, first: common.first, last: common.last))
    }

    // MARK: Answering

    func serveRepair(first: UInt64, last: UInt64, to peer: NodeID) {
        guard first <= last, first >= log.firstIndex, last <= log.flushedIndex else {
            if last < log.firstIndex { renewSnapshotForDamaged() }
            return send(.repairAnswer(first: first, .absent), to: peer)
        }
        if let range = log.damagedRanges.first(where: { $0.first <= last && first <= $0.last }) {
            let answer = PeerFrame.RepairAnswer.damaged(first: range.first, last: range.last)
            return send(.repairAnswer(first: first, answer), to: peer)
        }
        let run = log.readableRun(from: first, through: last, maximumBytes: settings.maximumRepairBytes)
        guard let run, UInt64(run.count) == last - first + 1 else {
            return send(.repairAnswer(first: first, .absent), to: peer)
        }
        start(.serveRepair(run.start, count: run.count, to: peer)) {
            disk.read(run.start.file, offset: run.start.headerOffset, count: run.byteCount, token: $0)
        }
    }

    /// What cannot be read here either is no answer; it is looked at, and the peer asks again.
    func repairRead(_ bytes: ByteSlice, from start: EntryLocation, count: Int, for peer: NodeID) {
        guard let entries = LogStore.decodeStoredRun(bytes, from: start, count: count), log.holds(entries) else {
            for offset in 0..<UInt64(count) { suspect(start.index + offset) }
            return
        }
        send(.repairAnswer(first: start.index, .entries(entries)), to: peer)
    }

    // MARK: Repairing

    func repairAnswered(first: UInt64, _ answer: PeerFrame.RepairAnswer, from peer: NodeID) {
        if acquaintances.strangers.contains(peer.rawValue) || isProofOfPassing(answer, first: first, from: peer) {
            return
        }
        guard let range = repair.current, range.first == first, !repair.isWriting else { return }
        switch answer {
        case .absent:
            repair.answers[peer] = .absent
            damageChanged()
        case .damaged(let first, let last): repair.answers[peer] = .damaged(first: first, last: last)
        case .entries(let entries):
            guard let site = log.repairSite(of: range) else { return }
            repair.isWriting = true
            start(.readRepairSite(site, entries, from: peer)) {
                disk.read(site.file, offset: site.offset, count: site.byteCount, token: $0)
            }
        }
    }

    /// `found` is empty if the place cannot even be read.
    func repairSiteRead(_ site: LogStore.RepairSite, _ entries: [LogEntry], from peer: NodeID, found: ByteSlice) {
        guard let outcome = log.repair(site, found: found, with: entries) else {
            repair.isWriting = false
            repair.answers[peer] = .unfit
            damageChanged()
            onEvent?(.repairRefused(first: site.range.first, last: site.range.last, from: peer))
            return
        }
        let isAsKnown = outcome.isAsKnown && entries.allSatisfy(isTold)
        submit(outcome.operations, .repaired(site.range, from: peer, isAsKnown: isAsKnown))
    }

    /// A configuration that could not be read at the start is not among those that Raft goes by, although its place and
    /// term were known. (Seed 25418 of the simulator.)
    private func isTold(_ entry: LogEntry) -> Bool {
        guard entry.kind == .configuration, let oldest = configurations.entries.first else { return true }
        return entry.index <= oldest.index || configurations.entry(at: entry.index).index == entry.index
    }

    func repairWritten(_ range: DamagedRange, from peer: NodeID, isAsKnown: Bool) {
        repair.isWriting = false
        log.onRepaired(range)
        metrics.repairedEntries += range.last - range.first + 1
        onEvent?(.repaired(first: range.first, last: range.last, from: peer))
        wentWell(range, isAsKnown: isAsKnown)
    }

    private func wentWell(_ range: DamagedRange, isAsKnown: Bool) {
        rows.forgetFailures()
        // Raft was given another term, or no membership, for one of them: it must be told from the beginning.
        if !isAsKnown { return stop(.repairedAnew(first: range.first, last: range.last)) }
        damageChanged()
        resumeLoads()
        // A leader that counts itself again may just have committed more: that is handed over before it is applied.
        drain()
        applyCommitted()
    }
}
