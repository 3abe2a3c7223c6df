import Bytes
import KafkaWire
import Node

/// Responses of one connection in the order of its requests, as Kafka requires, although they become ready in any
/// order.
struct ResponseQueue {
    /// Names a request's place; tickets count up from 0.
    typealias Ticket = UInt64

    /// What a produce response waits for.
    struct Gate {
        /// The entry that must be applied; 0 for none.
        var index: UInt64 = 0
        /// How many nodes must have it on disk; 0 where a majority is enough.
        var copies = 0
        /// The leader's own disk is enough, before the entry is committed.
        var isLeaderEnough = false
        /// The end of the wait, monotonic nanoseconds.
        var deadline: UInt64 = 0

        /// Disks are looked at, not only what is applied.
        var isOfDisks: Bool { copies > 0 || isLeaderEnough }
    }

    enum Slot {
        /// Being worked on (a long poll, a forwarded request), with so many bytes kept for it.
        case waiting(holding: Int)
        /// A produce response to be sent when its gate opens. `request` is kept to build the error response if that
        /// never happens.
        case gated(Gate, response: ByteSlice, request: ByteSlice)
        case ready([StoredBytes])
        case sent

        var heldBytes: Int {
            switch self {
            case .waiting(let bytes): bytes
            case .gated(_, let response, let request): response.count + request.count
            case .ready(let pieces): pieces.reduce(0) { $0 + $1.length }
            case .sent: 0
            }
        }
    }

    private var slots: [Slot] = []
    private var head = 0
    private var firstTicket: Ticket = 0
    /// Slots that are gated.
    private(set) var gatedCount = 0
    /// Of these, those that wait for other disks than a majority's.
    private(set) var diskCount = 0
    /// Bytes that the slots keep in memory.
    private(set) var heldBytes = 0

    var isEmpty: Bool { head == slots.count }
    var count: Int { slots.count - head }

    /// The next place's.
    var nextTicket: Ticket { firstTicket + UInt64(slots.count - head) }

    mutating func add(_ slot: Slot) -> Ticket {
        let ticket = nextTicket
        slots.append(slot)
        note(slot, 1)
        return ticket
    }

    /// The response is there, or sent.
    func isAnswered(_ ticket: Ticket) -> Bool {
        guard let position = position(of: ticket) else { return ticket < firstTicket }
        if case .ready = slots[position] { return true }
        return false
    }

    /// What a waiting place is to be filled with is known to be so large.
    mutating func hold(_ ticket: Ticket, bytes: Int) {
        guard let position = position(of: ticket), case .waiting = slots[position] else { return }
        set(position, .waiting(holding: bytes))
    }

    /// Fills a waiting place. A place that was answered otherwise (a timeout) or given up stays as it is.
    mutating func fill(_ ticket: Ticket, _ pieces: [StoredBytes]) {
        guard let position = position(of: ticket), case .waiting = slots[position] else { return }
        set(position, .ready(pieces))
    }

    /// Takes the responses at the head that may be sent: those without a gate, and those whose gate `isOpen`.
    mutating func takeSendable(into output: inout PieceCollector, _ isOpen: (Gate) -> Bool) {
        while head < slots.count {
            switch slots[head] {
            case .waiting: return
            case .gated(let gate, let response, _):
                guard isOpen(gate) else { return }
                output.append(response)
            case .ready(let response): for piece in response { output.append(piece) }
            case .sent: preconditionFailure("a response is sent twice")
            }
            advance()
        }
    }

    /// Replaces every gated response for which `failure` has a code by what `replacement` makes of it.
    mutating func failGated(
        _ failure: (Gate) -> KafkaErrorCode?,
        _ replacement: (Gate, _ response: ByteSlice, _ request: ByteSlice, KafkaErrorCode) -> [StoredBytes]
    ) {
        guard gatedCount > 0 else { return }
        for position in head..<slots.count {
            guard case .gated(let gate, let response, let request) = slots[position], let code = failure(gate) else {
                continue
            }
            set(position, .ready(replacement(gate, response, request, code)))
        }
    }

    /// Changes the responses that wait for the entry at `index`.
    mutating func replaceGated(at index: UInt64, _ change: (_ response: ByteSlice, _ request: ByteSlice) -> ByteSlice) {
        for position in head..<slots.count {
            guard case .gated(let gate, let response, let request) = slots[position], gate.index == index else {
                continue
            }
            set(position, .gated(gate, response: change(response, request), request: request))
        }
    }

    /// The earliest place's deadline, if it is gated: later ones are looked at when it has been answered.
    var nextDeadline: UInt64? {
        guard head < slots.count, case .gated(let gate, _, _) = slots[head] else { return nil }
        return gate.deadline
    }

    private func position(of ticket: Ticket) -> Int? {
        guard ticket >= firstTicket, ticket - firstTicket < UInt64(slots.count - head) else { return nil }
        return head + Int(ticket - firstTicket)
    }

    private mutating func set(_ position: Int, _ slot: Slot) {
        note(slots[position], -1)
        slots[position] = slot
        note(slot, 1)
    }

    private mutating func note(_ slot: Slot, _ sign: Int) {
        heldBytes += sign * slot.heldBytes
        guard case .gated(let gate, _, _) = slot else { return }
        gatedCount += sign
        if gate.isOfDisks { diskCount += sign }
    }

    private mutating func advance() {
        set(head, .sent)
        head += 1
        firstTicket += 1
        if head == slots.count {
            slots.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 4096, head * 2 > slots.count {
            slots.removeFirst(head)
            head = 0
        }
    }
}
