import Bytes
import Records

/// The records of one partition on their way: gathering, waiting, in flight.
struct ProducerPartition {
    /// A batch that still takes records.
    struct Open {
        var builder: RecordBatchBuilder
        var tickets: [UInt64] = []
        let createdAt: UInt64
    }

    /// Position of its topic in the producer's list.
    let topic: Int
    let number: Int32
    var open: Open?
    /// Closed and not in flight, in the order in which they must be stored.
    var waiting = Fifo<ProducerBatch>()
    /// Sent and not answered, in the order of sending.
    var inFlight = Fifo<ProducerBatch>()
    var nextSequence: Int32 = 0
    /// Not before this moment (monotonic nanoseconds).
    var retryAt: UInt64 = 0
    /// Failures since the last success.
    var failures = 0
    /// A sequence number was used up by a batch that was given up: the broker accepts none of the later ones.
    var hasGap = false

    init(topic: Int, number: Int32) {
        self.topic = topic
        self.number = number
    }

    /// Closes the open batch and puts it last.
    mutating func closeOpen(position: Int) {
        guard var closing = open else { return }
        open = nil
        waiting.append(ProducerBatch(
            partition: position, bytes: closing.builder.finish(), tickets: closing.tickets,
            createdAt: closing.createdAt))
    }

    /// `batch` is answered, or its connection is gone.
    mutating func endFlight(of batch: ProducerBatch) {
        if inFlight.first === batch {
            _ = inFlight.popFirst()
        } else {
            inFlight.elements.removeAll { $0 === batch }
        }
    }

    /// Puts `batch` back where its first ticket belongs, to be sent again.
    mutating func putBack(_ batch: ProducerBatch) {
        let all = waiting.elements
        let place = all.firstIndex { $0.tickets[0] > batch.tickets[0] } ?? all.count
        waiting.elements = all[..<place] + [batch] + all[place...]
    }

    /// No batch that must be stored before this one is undecided.
    func isFirst(_ batch: ProducerBatch) -> Bool {
        let isEarlier = { (other: ProducerBatch) in other.tickets[0] < batch.tickets[0] }
        return !inFlight.contains(where: isEarlier) && !waiting.contains(where: isEarlier)
    }

    /// Takes the first batch of which it is not known whether it is stored, wherever it stands.
    mutating func takeUndecided() -> ProducerBatch? {
        guard waiting.contains(where: \.mayBeStored) else { return nil }
        var all = waiting.elements
        guard let place = all.firstIndex(where: \.mayBeStored) else { return nil }
        let taken = all.remove(at: place)
        waiting.elements = all
        return taken
    }

    /// Sequence numbers count records and wrap from 2^31 - 1 to 0.
    static func sequence(_ first: Int32, after count: Int) -> Int32 {
        Int32(truncatingIfNeeded: (Int(first) + count) & 0x7fff_ffff)
    }
}
