import Bytes
import Ports

/// A disk in memory, deterministic by its seed. What was written but not synced, and names that were changed but whose
/// directory was not synced, may be lost in `losePower`. Used from one thread.
package final class SimulatedDisk: Disk, @unchecked Sendable {
    /// A planned failure: after `skip` further calls of `operation` the next one fails.
    package struct Fault: Sendable {
        package var operation: String
        package var skip: Int
        package var errno: Int32
        package var reason: String

        package init(operation: String, skip: Int = 0, errno: Int32 = 5, reason: String = "Input/output error") {
            self.operation = operation
            self.skip = skip
            self.errno = errno
            self.reason = reason
        }
    }

    package private(set) var cacheIdentity: UInt64 = 1
    var tree = SimulatedDiskTree()
    private var handles: [Int32: (file: SimulatedDiskFile, path: String)] = [:]
    private var nextHandle: Int32 = 1
    private var random: SimulationRandom

    /// Bytes that all files together may have.
    package var capacity: UInt64 = 1 << 40
    package var faults: [Fault] = []
    /// Files of which ranges are queued to sockets, as far as this disk knows.
    package var filesBeingSent: Set<DiskFile> = []
    /// Changing calls until the power fails: the call that reaches zero may still leave traces, it and all later ones
    /// fail until `losePower` or `killProcess`.
    package var callsUntilPowerLoss: Int?
    /// Asked before every changing call (its operation and path): true makes the power fail during that call.
    package var losesPower: ((_ operation: String, _ path: String) -> Bool)?
    /// The power has failed and `losePower` has not been called yet.
    package var isWithoutPower: Bool { callsUntilPowerLoss == 0 }
    /// Changing calls so far.
    package private(set) var changeCount = 0
    /// Calls that failed because `capacity` was reached.
    package private(set) var refusedForSpace = 0
    /// Planned failures that have come true.
    package private(set) var firedFaults: [Fault] = []

    package init(seed: UInt64) { random = SimulationRandom(seed: seed) }

    /// Power loss and restart: un-synced bytes and names survive or not, at random. Open files are gone.
    @discardableResult package func losePower() -> PowerLoss {
        defer { closeAll() }
        cacheIdentity += 1
        return tree.losePower(&random)
    }

    /// The process ends, the machine goes on: everything written is still there.
    package func killProcess() { closeAll() }

    /// The same files on another disk, everything durable, no file open.
    package func duplicate(seed: UInt64) -> SimulatedDisk {
        let copy = SimulatedDisk(seed: seed)
        copy.tree = tree.duplicate()
        copy.capacity = capacity
        return copy
    }

    private func closeAll() {
        handles.removeAll()
        filesBeingSent = []
        callsUntilPowerLoss = nil
        losesPower = nil
    }

    /// Paths of all files, sorted.
    package var paths: [String] { tree.paths }
    /// Bytes that all files together have.
    package var usedBytes: UInt64 { UInt64(tree.usedBytes) }

    // MARK: looking and damaging, for tests

    package func contents(_ path: String) -> [UInt8]? { tree.file(path)?.current }

    /// Changes bytes on the medium: a bit flip, a stale sector, a truncation.
    package func damage(_ path: String, _ change: (inout [UInt8]) -> Void) {
        guard let file = tree.file(path) else { preconditionFailure("SimulatedDisk: no file \(path)") }
        file.damage(change)
    }

    package func flip(_ path: String, byte: Int, mask: UInt8) {
        damage(path) { $0[byte] ^= mask }
    }

    // MARK: failing

    func failure(_ operation: String, _ path: String, _ errno: Int32, _ reason: String) -> DiskFailure {
        DiskFailure(operation: operation, path: path, errno: errno, reason: reason)
    }

    private func checkFault(_ operation: String, _ path: String) throws(DiskFailure) {
        guard let position = faults.firstIndex(where: { $0.operation == operation }) else { return }
        if faults[position].skip > 0 {
            faults[position].skip -= 1
            return
        }
        let fault = faults.remove(at: position)
        firedFaults.append(fault)
        throw failure(operation, path, fault.errno, fault.reason)
    }

    /// Counts a changing call. True: the power fails during this very call.
    private func beginChange(_ operation: String, _ path: String) throws(DiskFailure) -> Bool {
        changeCount += 1
        if callsUntilPowerLoss == nil, losesPower?(operation, path) == true { callsUntilPowerLoss = 1 }
        guard let left = callsUntilPowerLoss else {
            try checkFault(operation, path)
            return false
        }
        if left <= 0 { throw failure(operation, path, 5, "no power") }
        callsUntilPowerLoss = left - 1
        if left > 1 { try checkFault(operation, path) }
        return left == 1
    }

    private func endChange(_ operation: String, _ path: String, isLast: Bool) throws(DiskFailure) {
        if isLast { throw failure(operation, path, 5, "no power") }
    }

    private func resolve(_ file: DiskFile, _ operation: String) throws(DiskFailure) -> (SimulatedDiskFile, String) {
        guard let found = handles[file.id] else {
            throw failure(operation, "file \(file.id)", 9, "Bad file descriptor")
        }
        return found
    }

    private func reserve(
        _ file: SimulatedDiskFile, size: Int, _ operation: String, _ path: String
    ) throws(DiskFailure) {
        let extra = size - file.size
        if extra <= 0 { return }
        if UInt64(tree.usedBytes + extra) > capacity {
            refusedForSpace += 1
            throw failure(operation, path, 28, "No space left on device")
        }
    }

    // MARK: Disk

    package func list(_ directory: String) throws(DiskFailure) -> [DirectoryEntry] {
        guard let entries = tree.list(directory) else {
            throw failure("list", directory, 2, "No such file or directory")
        }
        return entries
    }

    package func open(_ path: String, _ mode: OpenMode) throws(DiskFailure) -> DiskFile {
        let file: SimulatedDiskFile
        switch mode {
        case .readOnly, .readWrite:
            guard let found = tree.file(path) else { throw failure("open", path, 2, "No such file or directory") }
            file = found
        case .createNew:
            let isLast = try beginChange("create", path)
            guard tree.exists(SimulatedDiskTree.parent(path)) else {
                throw failure("open", path, 2, "No such file or directory")
            }
            guard !tree.exists(path) else { throw failure("open", path, 17, "File exists") }
            file = tree.create(path)
            try endChange("create", path, isLast: isLast)
        }
        defer { nextHandle += 1 }
        handles[nextHandle] = (file, path)
        return DiskFile(id: nextHandle)
    }

    package func close(_ file: DiskFile) { handles[file.id] = nil }

    package func renumber(_ file: DiskFile) -> DiskFile? {
        guard !filesBeingSent.contains(file), let found = handles.removeValue(forKey: file.id) else { return nil }
        defer { nextHandle += 1 }
        handles[nextHandle] = found
        return DiskFile(id: nextHandle)
    }

    package func size(_ file: DiskFile) throws(DiskFailure) -> UInt64 {
        UInt64(try resolve(file, "size").0.size)
    }

    package func read(_ file: DiskFile, offset: UInt64, count: Int) throws(DiskFailure) -> ByteSlice {
        let (found, path) = try resolve(file, "read")
        try checkFault("read", path)
        guard offset < UInt64(found.size) else { return .empty }
        return found.read(offset: Int(offset), count: count)
    }

    package func write(_ file: DiskFile, offset: UInt64, _ pieces: [ByteSlice]) throws(DiskFailure) {
        let (found, path) = try resolve(file, "write")
        let isLast = try beginChange("write", path)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
        for piece in pieces { piece.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        try reserve(found, size: Int(offset) + bytes.count, "write", path)
        found.write(offset: Int(offset), bytes)
        try endChange("write", path, isLast: isLast)
    }

    package func preallocate(_ file: DiskFile, size: UInt64) throws(DiskFailure) {
        let (found, path) = try resolve(file, "preallocate")
        let isLast = try beginChange("preallocate", path)
        try reserve(found, size: Int(size), "preallocate", path)
        if found.size < Int(size) { found.resize(Int(size)) }
        try endChange("preallocate", path, isLast: isLast)
    }

    package func truncate(_ file: DiskFile, size: UInt64) throws(DiskFailure) {
        let (found, path) = try resolve(file, "truncate")
        let isLast = try beginChange("truncate", path)
        try reserve(found, size: Int(size), "truncate", path)
        found.resize(Int(size))
        try endChange("truncate", path, isLast: isLast)
    }

    package func sync(_ file: DiskFile) throws(DiskFailure) {
        let (found, path) = try resolve(file, "sync")
        do throws(DiskFailure) {
            // Power that fails during a sync leaves the writes as they were: un-synced.
            if try beginChange("sync", path) { throw failure("sync", path, 5, "no power") }
        } catch {
            if callsUntilPowerLoss == nil { found.forget() }
            throw error
        }
        found.sync()
    }

    package func createDirectory(_ path: String) throws(DiskFailure) {
        let isLast = try beginChange("createDirectory", path)
        guard tree.exists(SimulatedDiskTree.parent(path)) else {
            throw failure("createDirectory", path, 2, "No such file or directory")
        }
        guard !tree.exists(path) else { throw failure("createDirectory", path, 17, "File exists") }
        tree.createDirectory(path)
        try endChange("createDirectory", path, isLast: isLast)
    }

    package func rename(_ from: String, to: String) throws(DiskFailure) {
        let isLast = try beginChange("rename", from)
        guard tree.file(from) != nil else { throw failure("rename", from, 2, "No such file or directory") }
        guard SimulatedDiskTree.parent(from) == SimulatedDiskTree.parent(to) else {
            throw failure("rename", from, 18, "Invalid cross-device link")
        }
        tree.rename(from, to: to)
        try endChange("rename", from, isLast: isLast)
    }

    package func remove(_ path: String) throws(DiskFailure) {
        let isLast = try beginChange("remove", path)
        guard tree.file(path) != nil else { throw failure("remove", path, 2, "No such file or directory") }
        tree.remove(path)
        try endChange("remove", path, isLast: isLast)
    }

    package func syncDirectory(_ path: String) throws(DiskFailure) {
        guard tree.exists(path) else { throw failure("syncDirectory", path, 2, "No such file or directory") }
        if try beginChange("syncDirectory", path) { throw failure("syncDirectory", path, 5, "no power") }
        tree.sync(path)
    }

    package func space() throws(DiskFailure) -> DiskSpace {
        let used = UInt64(tree.usedBytes)
        return DiskSpace(free: used > capacity ? 0 : capacity - used, total: capacity)
    }
}
