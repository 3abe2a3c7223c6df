import Ports

/// The names on a simulated disk, with changes kept apart until their directory is synced.
struct SimulatedDiskTree {
    private enum Change {
        case link(String, SimulatedDiskFile)
        case unlink(String)
        case rename(from: String, to: String, SimulatedDiskFile)
        case directory(String)

        var parent: String {
            switch self {
            case .link(let path, _), .unlink(let path), .directory(let path): SimulatedDiskTree.parent(path)
            case .rename(let from, _, _): SimulatedDiskTree.parent(from)
            }
        }
    }

    private struct Names {
        var files: [String: SimulatedDiskFile] = [:]
        var directories: Set<String> = [""]

        mutating func apply(_ change: Change) {
            switch change {
            case .link(let path, let file): files[path] = file
            case .unlink(let path): files[path] = nil
            case .rename(let from, let to, let file):
                files[from] = nil
                files[to] = file
            case .directory(let path): directories.insert(path)
            }
        }
    }

    private var current = Names()
    private var durable = Names()
    private var pending: [Change] = []

    static func parent(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[..<slash])
    }

    /// What `path` is called in `directory` (with its slash, or empty); nil if it is elsewhere, or further down.
    private static func name(of path: String, in directory: String.UTF8View) -> String? {
        let text = path.utf8
        guard text.count > directory.count, text.starts(with: directory) else { return nil }
        let name = text.dropFirst(directory.count)
        return name.contains(UInt8(ascii: "/")) ? nil : String(Substring(name))
    }

    func file(_ path: String) -> SimulatedDiskFile? { current.files[path] }
    func exists(_ path: String) -> Bool { current.files[path] != nil || current.directories.contains(path) }
    var paths: [String] { current.files.keys.sorted() }
    var usedBytes: Int { current.files.values.reduce(0) { $0 + $1.size } }

    func list(_ directory: String) -> [DirectoryEntry]? {
        guard current.directories.contains(directory) else { return nil }
        let prefix = (directory.isEmpty ? "" : directory + "/").utf8
        var entries: [DirectoryEntry] = []
        for (path, file) in current.files {
            guard let name = SimulatedDiskTree.name(of: path, in: prefix) else { continue }
            entries.append(DirectoryEntry(name: name, size: UInt64(file.size), isDirectory: false))
        }
        for path in current.directories {
            guard let name = SimulatedDiskTree.name(of: path, in: prefix) else { continue }
            entries.append(DirectoryEntry(name: name, size: 0, isDirectory: true))
        }
        return entries.sorted { $0.name < $1.name }
    }

    func duplicate() -> SimulatedDiskTree {
        var copy = SimulatedDiskTree()
        copy.current.directories = current.directories
        copy.current.files = current.files.mapValues { SimulatedDiskFile($0.current) }
        copy.durable = copy.current
        return copy
    }

    mutating func create(_ path: String) -> SimulatedDiskFile {
        let file = SimulatedDiskFile()
        change(.link(path, file))
        return file
    }

    mutating func createDirectory(_ path: String) { change(.directory(path)) }
    mutating func remove(_ path: String) { change(.unlink(path)) }

    mutating func rename(_ from: String, to: String) {
        guard let file = current.files[from] else { preconditionFailure("SimulatedDisk: no file \(from)") }
        change(.rename(from: from, to: to, file))
    }

    private mutating func change(_ change: Change) {
        current.apply(change)
        pending.append(change)
    }

    mutating func sync(_ directory: String) {
        for change in pending where change.parent == directory { durable.apply(change) }
        pending.removeAll { $0.parent == directory }
    }

    /// A file system keeps a prefix of the un-synced changes (a journal), or any of them (POSIX promises no more).
    mutating func losePower(_ random: inout SimulationRandom) -> PowerLoss {
        let isJournal = random.below(2) == 0
        let kept = isJournal ? random.below(pending.count + 1) : pending.count
        var loss = PowerLoss()
        for (number, change) in pending.enumerated() {
            if number < kept, isJournal || random.below(2) == 0 { durable.apply(change) } else { loss.lostNames += 1 }
        }
        pending.removeAll()
        current = durable
        for path in current.files.keys.sorted() {
            if let file = current.files[path] { loss.add(file.losePower(&random)) }
        }
        return loss
    }
}
