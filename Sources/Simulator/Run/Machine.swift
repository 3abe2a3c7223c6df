import KafkaGateway
import Node
import Ports

/// A machine of a simulation: its disk and clock stay, the process on it comes and goes.
final class Machine {
    let number: Int
    let id: NodeID
    private(set) var disk: SimulatedDisk
    private(set) var data: MachineData
    let clock: MachineClock
    let entropy: SeededEntropy
    var queue: SimulatedDiskQueue
    var node: Node?
    var gateway: KafkaGateway?
    /// Counts the processes that have run here: events for an earlier one are dropped.
    var incarnation = 0
    /// The process was told to end, for it is no member any more.
    var isLeaving = false
    /// Ticks of this incarnation.
    var ticks = 0
    /// The process is stopped (SIGSTOP) until then; microseconds, 0 when it runs.
    private(set) var pausedUntil: UInt64 = 0
    /// What has happened to it since, in order.
    private var deferred: [SimulationEvent] = []
    var isThreadBusy = [Bool](repeating: false, count: DiskThread.allCases.count)
    /// Extra microseconds for each piece of disk work.
    var diskDelay: UInt64 = 0
    /// Disk work stands still until then; microseconds.
    var stalledUntil: UInt64 = 0
    /// A fault was injected that may end the process.
    var mayFail = false
    /// Something at rest was damaged: this machine belongs to the minority that may lose its copy.
    var isDamaged = false
    /// No process has begun with that damage yet. What later ones call durable must stay.
    var isNewlyDamaged = false
    /// Kept down until the end of the run, or until its disk is replaced.
    var isKeptDown = false
    /// A process has refused to begin, or to go on, with what is on the disk instead of what was lost.
    var hasRefused = false

    init(number: Int, seed: UInt64, time: SimulationTime, data: MachineData) {
        self.number = number
        id = NodeID(UInt32(number + 1))
        disk = SimulatedDisk(seed: seed)
        self.data = data
        clock = MachineClock(time)
        entropy = SeededEntropy(seed: seed ^ 0x5851_f42d_4c95_7f2d)
        queue = SimulatedDiskQueue(disk)
    }

    /// Another disk, empty. Nothing runs here.
    func replaceDisk(_ data: MachineData) {
        precondition(!isUp, "node \(id) is running")
        disk = SimulatedDisk(seed: entropy.next())
        self.data = data
        mayFail = false
        isDamaged = false
        isNewlyDamaged = false
        isKeptDown = false
        hasRefused = false
    }

    func noteDamage() {
        isDamaged = true
        isNewlyDamaged = true
    }

    var isPaused: Bool { pausedUntil > 0 }

    func pause(until time: UInt64) { pausedUntil = max(pausedUntil, time) }
    func hold(_ event: SimulationEvent) { deferred.append(event) }

    /// The process goes on; what it has missed comes now.
    func resume() -> [SimulationEvent] {
        pausedUntil = 0
        defer { deferred = [] }
        return deferred
    }

    var isUp: Bool { node != nil }
    var isLeader: Bool { node?.replica.admission != nil }
}

/// What a machine's disk holds of a node.
enum MachineData {
    /// Nothing was ever there.
    case none
    /// What the node has written.
    case own
    /// Nothing any more, although the cluster counts on it.
    case lost
    /// Formatted as a founder's again, after what the founder had was lost.
    case posing
}

/// The time of a simulation, in microseconds since its start.
final class SimulationTime {
    var now: UInt64 = 0
}

/// A machine's clock: may run fast or slow, and its wall clock may jump.
final class MachineClock: Clock {
    private let time: SimulationTime
    /// Millionths by which the clock is fast (or slow, if negative), since `driftStart`.
    private(set) var drift: Int64 = 0
    private var driftStart: UInt64 = 0
    /// What earlier drifts have added up to; microseconds.
    private var gained: Int64 = 0
    var wallOffsetMilliseconds: Int64 = 0

    init(_ time: SimulationTime) { self.time = time }

    private var microseconds: Int64 {
        let elapsed = Int64(time.now - driftStart)
        return Int64(time.now) + gained + elapsed * drift / 1_000_000
    }

    func setDrift(_ millionths: Int64) {
        gained += Int64(time.now - driftStart) * drift / 1_000_000
        driftStart = time.now
        drift = millionths
    }

    var monotonicNanoseconds: UInt64 { UInt64(1_000_000 + microseconds) * 1000 }
    var wallMilliseconds: Int64 { 1_700_000_000_000 + microseconds / 1000 + wallOffsetMilliseconds }

    /// How long `microseconds` on this clock really take.
    func real(_ microseconds: UInt64) -> UInt64 {
        UInt64(Int64(microseconds) * 1_000_000 / (1_000_000 + drift))
    }
}
