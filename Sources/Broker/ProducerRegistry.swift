/// Producer ids given out, dense and in time order, each kept for the expiration time after it was given out.
struct ProducerRegistry: Sendable {
    struct Entry: Hashable, Sendable {
        var epoch: Int16
        var allocatedAt: Int64
    }

    /// Kafka gives ids from 0 on, too.
    private(set) var nextId: Int64 = 0
    /// Of the ids up to `nextId`, the last ones.
    private(set) var entries: [Entry] = []

    private var firstId: Int64 { nextId - Int64(entries.count) }

    /// nil for ids never given out, and for those given out too long ago.
    func entry(of id: Int64) -> Entry? {
        id >= firstId && id < nextId ? entries[Int(id - firstId)] : nil
    }

    mutating func allocate(bumping: ProducerIdentity?, now: Int64, expiration: Int64) -> ProducerIdentity {
        forgetExpired(now: now, expiration: expiration)
        if let bumping, let known = entry(of: bumping.id), bumping.epoch >= known.epoch, bumping.epoch < Int16.max - 1 {
            entries[Int(bumping.id - firstId)].epoch = bumping.epoch + 1
            return ProducerIdentity(id: bumping.id, epoch: bumping.epoch + 1)
        }
        entries.append(Entry(epoch: 0, allocatedAt: now))
        nextId += 1
        return ProducerIdentity(id: nextId - 1, epoch: 0)
    }

    /// A transactional producer has this epoch now.
    mutating func note(_ identity: ProducerIdentity) {
        if entry(of: identity.id) != nil { entries[Int(identity.id - firstId)].epoch = identity.epoch }
    }

    /// In time order, so the expired ones are in front; removed when they are half of all, which makes it cheap.
    private mutating func forgetExpired(now: Int64, expiration: Int64) {
        let expired = entries.lowerBound { $0.allocatedAt.saturatingAdding(expiration) <= now }
        if expired > 0 && expired >= entries.count - expired { entries.removeFirst(expired) }
    }

    init() {}

    /// From a snapshot.
    init(nextId: Int64, entries: [Entry]) {
        self.nextId = nextId
        self.entries = entries
    }
}
