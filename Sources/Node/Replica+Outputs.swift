import Bytes
import LogStore
import Ports
import Raft

extension Replica {
    func perform(_ output: RaftOutput) {
        switch output {
        case .saveHardState(let term, let vote):
            submit(log.saveHardState(term: term, vote: vote), .hardState(term: term, vote: vote))
        case .truncateSuffix(let after): truncateSuffix(after: after)
        case .acceptEntries(let first, let last): acceptEntries(first: first, last: last)
        case .appendNoop(let position): appendOwn(kind: .noop, payload: [], at: position)
        case .loadEntries(let peer, let first, let last, let maximumBytes):
            loadEntries(for: peer, first: first, last: last, maximumBytes: maximumBytes)
        case .send(let message, let peer): send(message, to: peer)
        case .receiveSnapshot(let offer, let leader): receiveSnapshot(offer, from: leader)
        case .commit: applyCommitted()
        case .readReady(let id, let index): readBecameReady(id: id, index: index)
        case .readFailed(let id): reads.removeValue(forKey: id)?(false)
        case .rejoined:
            onEvent?(.rejoined)
            submit(log.endRejoining(), .other)
        case .role(let change): roleChanged(change)
        }
    }

    private func roleChanged(_ change: RoleChange) {
        metrics.roleChanges += 1
        admission = nil
        uncommittedBytes = 0
        proposals = ProposalTimes()
        handOverProgressed()
        if change.role != .leader {
            for waiter in waiters.takeAll() { waiter.target.proposalEnded(ticket: waiter.ticket, .unknown) }
        }
        onRoleChange?(change)
    }

    /// Raft's own commit index is no measure here: it may count entries already that this very message puts in the
    /// place of those cut off.
    private func truncateSuffix(after index: UInt64) {
        precondition(
            index >= min(appliedIndex, raft.lastPosition.index),
            "truncation after \(index) below applied \(appliedIndex)")
        cache.truncate(after: index)
        forgetConfigurations(after: max(index, appliedIndex))
        submit(log.truncate(after: index), .other)
    }

    /// Follower: stores entries of the request being stepped. Their bytes are referenced, not copied.
    private func acceptEntries(first: UInt64, last: UInt64) {
        let skipped = Int(first - incoming[0].index)
        let accepted = Array(incoming[skipped..<(skipped + Int(last - first) + 1)])
        var chain = log.lastChain
        for entry in accepted {
            guard entry.continues(chain) else {
                return stop(.divergence(index: entry.index, chainBefore: chain, chainSent: entry.chain))
            }
            if let snapshot = log.newestSnapshot, snapshot.index == entry.index, snapshot.chain != entry.chain {
                return stop(.divergence(index: entry.index, chainBefore: snapshot.chain, chainSent: entry.chain))
            }
            chain = entry.chain
            lastTimestamp = max(lastTimestamp, entry.timestamp)
            cache.append(entry)
            if entry.kind == .configuration { guard remember(entry) else { return } }
        }
        let position = Position(index: last, term: accepted[accepted.count - 1].term)
        write(accepted, through: position)
    }

    /// Those that need not be synced before they are acknowledged are synced with the next tick.
    private func write(_ entries: [LogEntry], through position: Position) {
        guard entries.allSatisfy({ $0.kind == .relaxedCommand }) else {
            needsSync = false
            return submit(log.append(entries), .entries(position, generation: raft.logGeneration))
        }
        metrics.relaxedEntries += UInt64(entries.count)
        let (operations, isSynced) = log.write(entries)
        let generation = raft.logGeneration
        submit(
            operations,
            isSynced ? .entries(position, generation: generation) : .written(position, generation: generation))
        needsSync = !isSynced
    }

    /// Asks for the sync of what is written.
    package func tickSync() {
        guard needsSync else { return }
        needsSync = false
        let position = Position(index: log.lastIndex, term: log.lastTerm)
        submit(log.sync(), .entries(position, generation: raft.logGeneration))
    }

    /// Leader: one new entry at the end of the log.
    func appendOwn(kind: EntryKind, payload: [ByteSlice], at position: Position) {
        lastTimestamp = max(lastTimestamp, clock.wallMilliseconds)
        let entry = LogEntry.make(
            after: log.lastChain, index: position.index, term: position.term, kind: kind, timestamp: lastTimestamp,
            payload: payload)
        cache.append(entry)
        metrics.proposedEntries += 1
        metrics.proposedBytes += UInt64(entry.payloadLength)
        uncommittedBytes += entry.payloadLength
        proposals.add(index: position.index, at: clock.monotonicNanoseconds)
        write([entry], through: position)
    }

    private func readBecameReady(id: UInt64, index: UInt64) {
        guard let answer = reads.removeValue(forKey: id) else { return }
        precondition(index <= raft.commitIndex, "read barrier \(id) at \(index) above commit \(raft.commitIndex)")
        applyCommitted()
        answer(appliedIndex >= index)
    }

    /// Confirms with a majority that this node still leads, then calls back with true once everything committed before
    /// the call is applied here (ReadIndex, thesis §6.4); false when leadership is lost or the state is still to come.
    package func readBarrier(_ answer: @escaping (Bool) -> Void) {
        let id = nextReadID
        nextReadID += 1
        reads[id] = answer
        if case .notLeader = raft.requestRead(id: id) {
            reads.removeValue(forKey: id)?(false)
        }
        drain()
    }
}
