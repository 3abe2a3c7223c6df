import Bytes

/// The bytes of one simulated file, as the running system sees them and as a power loss would leave them.
final class SimulatedDiskFile {
    static let sectorSize = 512

    private enum Change {
        case write(offset: Int, [UInt8])
        case resize(Int)
    }

    private(set) var current: [UInt8] = []
    private var durable: [UInt8] = []
    /// Un-synced, oldest first.
    private var pending: [Change] = []

    init(_ contents: [UInt8] = []) {
        current = contents
        durable = contents
    }

    var size: Int { current.count }
    var isDirty: Bool { !pending.isEmpty }

    func read(offset: Int, count: Int) -> ByteSlice {
        guard offset < current.count else { return .empty }
        let available = min(count, current.count - offset)
        let storage = ByteStorage(capacity: available)
        current.withUnsafeBytes { memory in
            storage.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[offset..<(offset + available)]))
        }
        return ByteSlice(storage: storage, lower: 0, count: available)
    }

    func write(offset: Int, _ bytes: [UInt8]) { change(.write(offset: offset, bytes)) }
    func resize(_ size: Int) { change(.resize(size)) }

    private func change(_ change: Change) {
        SimulatedDiskFile.apply(change, to: &current)
        pending.append(change)
    }

    func sync() {
        for change in pending { SimulatedDiskFile.apply(change, to: &durable) }
        forget()
    }

    /// What Linux does after a failed `fsync`: the pages count as clean, the bytes are still read back, and no later
    /// sync writes them.
    func forget() { pending.removeAll() }

    /// Power loss. Each sector holds what it held at some moment since the last sync, independently of the others:
    /// that covers lost, torn and reordered writes. The size is that of some moment, too.
    func losePower(_ random: inout SimulationRandom) -> PowerLoss {
        guard !pending.isEmpty else {
            // What a failed sync has forgotten is lost without being pending.
            current = durable
            return PowerLoss()
        }
        let mood = random.below(4)
        func moment() -> Int { mood == 0 ? 0 : mood == 1 ? pending.count : random.below(pending.count + 1) }
        var survived = durable
        for change in pending.prefix(moment()) {
            if case .resize(let size) = change { SimulatedDiskFile.apply(.resize(size), to: &survived) }
        }
        // Of each write, how many of its sectors it touched and how many of these it reached.
        var touched = [Int](repeating: 0, count: pending.count)
        var reached = touched
        for sector in touchedSectors() {
            let end = moment()
            for (number, change) in pending.enumerated() {
                guard let part = SimulatedDiskFile.part(of: change, in: sector) else { continue }
                touched[number] += 1
                if number >= end { continue }
                reached[number] += 1
                SimulatedDiskFile.apply(part, to: &survived)
            }
        }
        durable = survived
        current = survived
        forget()
        return PowerLoss(touched: touched, reached: reached)
    }

    private func touchedSectors() -> [Int] {
        var sectors: Set<Int> = []
        for case .write(let offset, let bytes) in pending where !bytes.isEmpty {
            let size = SimulatedDiskFile.sectorSize
            sectors.formUnion(offset / size...(offset + bytes.count - 1) / size)
        }
        return sectors.sorted()
    }

    private static func part(of change: Change, in sector: Int) -> Change? {
        guard case .write(let offset, let bytes) = change else { return nil }
        let lower = max(offset, sector * sectorSize)
        let upper = min(offset + bytes.count, (sector + 1) * sectorSize)
        return lower < upper ? .write(offset: lower, Array(bytes[(lower - offset)..<(upper - offset)])) : nil
    }

    /// Damage: what is on the medium changes.
    func damage(_ change: (inout [UInt8]) -> Void) {
        change(&current)
        change(&durable)
    }

    private static func apply(_ change: Change, to target: inout [UInt8]) {
        switch change {
        case .resize(let size):
            if size < target.count { target.removeSubrange(size...) }
            if size > target.count { target.append(contentsOf: repeatElement(0, count: size - target.count)) }
        case .write(let offset, let bytes):
            let end = offset + bytes.count
            if end > target.count { target.append(contentsOf: repeatElement(0, count: end - target.count)) }
            target.withUnsafeMutableBytes { memory in
                UnsafeMutableRawBufferPointer(rebasing: memory[offset..<end]).copyBytes(from: bytes)
            }
        }
    }
}
