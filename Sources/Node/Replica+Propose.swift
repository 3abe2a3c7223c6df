import Broker
import Bytes
import LogStore
import Planted
import Ports
import Raft

/// Whether a proposal was taken. An index tells which entry to wait for.
package enum ProposeOutcome {
    case accepted(index: UInt64)
    /// Not the leader, or the leader before its own no-op is applied, or handing leadership over: retriable.
    case notLeading(leader: NodeID?)
    /// It would not fit into an entry.
    case tooLarge(size: Int, limit: Int)
}

extension Replica {
    /// True while accepted but uncommitted bytes exceed the bound: gateways stop reading from producers.
    package var isCongested: Bool {
        uncommittedBytes + (admission?.openBytes ?? 0) > settings.maximumUncommittedBytes
    }

    /// Proposes one command as an entry of its own. The turn's open produce entry goes first, so that order is kept.
    package func propose(_ command: Command, waiter: any ProposalWaiter, ticket: UInt64) -> ProposeOutcome {
        let payload = command.encode()
        if payload.count > settings.maximumProposalBytes {
            return .tooLarge(size: payload.count, limit: settings.maximumProposalBytes)
        }
        sealTurn()
        guard admission != nil, case .accepted(let position, _) = raft.propose(count: 1) else {
            return .notLeading(leader: leader)
        }
        waiters.add(.init(index: position.index, ticket: ticket, target: waiter))
        appendOwn(kind: .command, payload: [payload], at: position)
        drain()
        return .accepted(index: position.index)
    }

    /// Ends a producer's transaction, in an entry of its own behind all that was admitted. The caller has seen that the
    /// transaction is ongoing, its producer's and not ending.
    package func endTransaction(
        _ end: TransactionEnd, waiter: any ProposalWaiter, ticket: UInt64
    ) -> ProposeOutcome {
        sealTurn()
        guard admission != nil, case .accepted(let position, _) = raft.propose(count: 1) else {
            return .notLeading(leader: leader)
        }
        let payload = admission!.endTransaction(
            end, index: position.index, broker: broker, now: max(lastTimestamp, clock.wallMilliseconds))
        waiters.add(.init(index: position.index, ticket: ticket, target: waiter))
        appendOwn(kind: .command, payload: payload, at: position)
        drain()
        return .accepted(index: position.index)
    }

    /// Offers one partition's part of a produce request to the leader's admission. On `.accepted` the batches are in
    /// the turn's open entry, whose index is `openEntryIndex`; `wait` for it.
    package func admit(_ batches: ByteSlice, to key: PartitionKey) -> AdmissionOutcome? {
        guard admission != nil, raft.transferTarget == nil else { return nil }
        if batches.count > settings.maximumProposalBytes {
            return .rejected(.messageTooLarge(size: batches.count, limit: settings.maximumProposalBytes))
        }
        if admission!.openBytes > 0, admission!.openBytes + batches.count > settings.maximumEntryBytes { sealTurn() }
        return admission?.admit(batches, to: key, broker: broker, now: max(lastTimestamp, clock.wallMilliseconds))
    }

    /// The entry that holds, or will hold, everything accepted so far.
    package var tailIndex: UInt64 {
        (admission?.openBytes ?? 0) > 0 ? openEntryIndex : raft.lastPosition.index
    }

    /// The index the turn's open produce entry will get.
    package var openEntryIndex: UInt64 { raft.lastPosition.index + 1 }

    /// Calls `waiter` once the entry at `index` is applied or leadership is lost.
    package func wait(for index: UInt64, waiter: any ProposalWaiter, ticket: UInt64) {
        waiters.add(.init(index: index, ticket: ticket, target: waiter))
    }

    private var isOpenRelaxed: Bool {
        #if DEBUG
        if Planted.has(.relaxesAll) { return true }
        #endif
        return admission?.isOpenRelaxed ?? false
    }

    /// Closes the turn's produce entry and sends it on its way to the disk and the followers.
    package func sealTurn() {
        guard admission != nil, admission!.openBytes > 0 else { return }
        let index = openEntryIndex
        let isRelaxed = isOpenRelaxed
        guard let payload = admission!.seal(index: index) else { return }
        guard case .accepted(let position, _) = raft.propose(count: 1) else {
            preconditionFailure("admission open in term \(raft.term) but Raft takes no proposal")
        }
        precondition(position.index == index, "produce entry sealed for \(index), placed at \(position)")
        appendOwn(kind: isRelaxed ? .relaxedCommand : .command, payload: payload, at: position)
        drain()
    }
}
