/// What a partition remembers of one idempotent producer: its epoch and its last five batches (KIP-98), as Kafka does.
/// Fixed size, no allocation.
package struct ProducerState: Sendable {
    /// Kafka's `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`: clients keep at most five requests in flight.
    package static let windowSize = 5

    struct Batch: Hashable, Sendable {
        var baseOffset: Int64
        /// Log-append time of the batch, -1 for create time.
        var appendTime: Int64
        var firstSequence: Int32
        var recordCount: Int32

        static let none = Batch(baseOffset: 0, appendTime: 0, firstSequence: 0, recordCount: 0)

        package var lastSequence: Int32 { Sequence.advance(firstSequence, by: recordCount - 1) }
    }

    package let id: Int64
    package internal(set) var epoch: Int16
    /// When the last batch was applied, by the log's clock.
    package internal(set) var lastTimestamp: Int64
    /// All sequences of this epoch from this one to the last are stored here; it is not 0 when the beginning was not
    /// seen, and 0 again after a wrap.
    var firstStored: Int32
    private(set) var count: Int
    private var window: InlineArray<5, Batch>

    /// A producer's first batch here, or its first one after it was forgotten.
    init(id: Int64, epoch: Int16, batch: Batch, at timestamp: Int64) {
        self.id = id
        self.epoch = epoch
        lastTimestamp = timestamp
        firstStored = batch.firstSequence
        count = 0
        window = InlineArray(repeating: .none)
        append(batch, epoch: epoch, at: timestamp)
    }

    /// The remembered batch number `position`, oldest first.
    func batch(_ position: Int) -> Batch { window[position] }

    package var lastSequence: Int32 { window[count - 1].lastSequence }
    package var nextSequence: Int32 { Sequence.advance(lastSequence, by: 1) }

    mutating func append(_ batch: Batch, epoch newEpoch: Int16, at timestamp: Int64) {
        if newEpoch != epoch {
            epoch = newEpoch
            firstStored = batch.firstSequence
            count = 0
        }
        if batch.firstSequence == 0 || batch.lastSequence < batch.firstSequence { firstStored = 0 }
        if count == Self.windowSize {
            for position in 1..<Self.windowSize { window[position - 1] = window[position] }
            count -= 1
        }
        window[count] = batch
        count += 1
        lastTimestamp = timestamp
    }
}
