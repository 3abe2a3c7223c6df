import Planted
import Ports

extension DiskOperation {
    /// Carries the operation out with blocking calls. `sync` and the rest mean what `Disk` says they mean.
    package func run(on disk: any Disk) throws(DiskFailure) {
        switch self {
        case .write(let file, let offset, let pieces): try disk.write(file, offset: offset, pieces)
        case .sync(let file): try disk.sync(file)
        case .rename(let from, let to): try disk.rename(from, to: to)
        case .remove(let path): try disk.remove(path)
        case .syncDirectory(let path):
            #if DEBUG
            if Planted.has(.directoryNotSynced) { return }
            #endif
            try disk.syncDirectory(path)
        case .close(let file): disk.close(file)
        case .prepare(let path, let size): try DiskOperation.prepare(path, size: size, on: disk)
        }
    }

    private static func prepare(_ path: String, size: UInt64, on disk: any Disk) throws(DiskFailure) {
        var directory = ""
        var name = Substring(path)
        if let slash = path.lastIndex(of: "/") {
            directory = String(path[..<slash])
            name = path[path.index(after: slash)...]
        }
        let existing = try disk.list(directory).first { $0.name == name }
        if let existing, existing.size >= size { return }
        let file = try disk.open(path, existing == nil ? .createNew : .readWrite)
        defer { disk.close(file) }
        try disk.preallocate(file, size: size)
    }
}
