import Bytes
import CSystem
import Glibc
import Ports
import Synchronization

/// The real disk: files below one directory, which one process at a time may have.
///
/// Callable from any thread. A `DiskFile` number is never used again after `close`, so a late use of it fails instead
/// of reaching another file.
package final class SystemDisk: Disk {
    /// The root directory as it was given.
    package let root: String
    package let cacheIdentity: UInt64
    private let rootDescriptor: Int32
    private let table = Mutex(Table())

    private struct Table {
        var files: [Int32: OpenFile] = [:]
        var nextID: Int32 = 1
    }

    /// Creates `root` if it is missing (its parent must exist), unless `creating` is false. With `exclusive`, fails if
    /// another process, or another `SystemDisk` of this one, holds the directory; the lock goes with the process or
    /// this object, never by deleting a file.
    package init(root: String, creating: Bool = true, exclusive: Bool = true) throws(DiskFailure) {
        self.root = root
        cacheIdentity = BootIdentity.current
        let made = creating ? holdfast_mkdir(root) : 0
        if made < 0 && made != -EEXIST { throw diskFailure("creating the data directory", root, -made) }
        if creating && made == 0 { try Self.syncParent(of: root) }
        rootDescriptor = holdfast_open_directory(root)
        if rootDescriptor < 0 { throw diskFailure("opening the data directory", root, -rootDescriptor) }
        guard exclusive else { return }
        let locked = holdfast_lock_exclusive(rootDescriptor)
        if locked == -EWOULDBLOCK {
            throw DiskFailure(
                operation: "locking the data directory", path: root, errno: EWOULDBLOCK,
                reason: "another process is using it")
        }
        if locked < 0 { throw diskFailure("locking the data directory", root, -locked) }
    }

    /// A directory whose name is not synced is gone after a loss of power, with everything that is synced in it.
    private static func syncParent(of root: String) throws(DiskFailure) {
        let parent = holdfast_open_directory(root + "/..")
        if parent < 0 { throw diskFailure("opening the directory around", root, -parent) }
        let result = holdfast_fsync(parent)
        holdfast_close(parent)
        if result < 0 { throw diskFailure("fsync of the directory around", root, -result) }
    }

    deinit {
        if rootDescriptor >= 0 { holdfast_close(rootDescriptor) }
    }

    func openFile(_ file: DiskFile, _ operation: String) throws(DiskFailure) -> OpenFile {
        guard let found = table.withLock({ $0.files[file.id] }) else {
            throw diskFailure(operation, "closed file \(file.id)", EBADF)
        }
        return found
    }

    func absolute(_ path: String) -> String { path.isEmpty || path == "." ? root : root + "/" + path }

    /// Output chunks queued to sockets from `file` and not yet sent. While there are any, its blocks must not be
    /// written over (recycled): the receivers would get the new bytes.
    package func queuedSends(_ file: DiskFile) -> Int {
        table.withLock { $0.files[file.id]?.queuedSends.load(ordering: .acquiring) ?? 0 }
    }

    // MARK: Files

    package func open(_ path: String, _ mode: OpenMode) throws(DiskFailure) -> DiskFile {
        let flag =
            switch mode {
            case .readOnly: HOLDFAST_OPEN_READ
            case .readWrite: HOLDFAST_OPEN_READ_WRITE
            case .createNew: HOLDFAST_OPEN_CREATE_NEW
            }
        let descriptor = holdfast_open(absolute(path), flag)
        if descriptor < 0 { throw diskFailure("open", path, -descriptor) }
        let file = OpenFile(descriptor: descriptor, path: path)
        return table.withLock { table in
            let id = table.nextID
            table.nextID += 1
            table.files[id] = file
            return DiskFile(id: id)
        }
    }

    package func close(_ file: DiskFile) {
        // The descriptor is closed outside the lock, by whoever drops the last reference.
        _ = table.withLock { $0.files.removeValue(forKey: file.id) }
    }

    package func renumber(_ file: DiskFile) -> DiskFile? {
        table.withLock { table in
            guard let open = table.files[file.id], open.queuedSends.load(ordering: .acquiring) == 0 else { return nil }
            table.files[file.id] = nil
            let id = table.nextID
            table.nextID += 1
            table.files[id] = open
            return DiskFile(id: id)
        }
    }

    package func size(_ file: DiskFile) throws(DiskFailure) -> UInt64 {
        let open = try openFile(file, "size")
        var status = holdfast_file_status()
        let result = holdfast_status(open.descriptor, &status)
        if result < 0 { throw open.failure("size", Int(result)) }
        return status.size
    }

    package func read(_ file: DiskFile, offset: UInt64, count: Int) throws(DiskFailure) -> ByteSlice {
        try openFile(file, "read").read(offset: offset, count: count)
    }

    package func write(_ file: DiskFile, offset: UInt64, _ pieces: [ByteSlice]) throws(DiskFailure) {
        try openFile(file, "write").write(offset: offset, pieces)
    }

    package func preallocate(_ file: DiskFile, size: UInt64) throws(DiskFailure) {
        try openFile(file, "preallocate").preallocate(size: size)
    }

    package func truncate(_ file: DiskFile, size: UInt64) throws(DiskFailure) {
        let open = try openFile(file, "truncate")
        try open.checkOffset("truncate", size, 0)
        let result = holdfast_ftruncate(open.descriptor, size)
        if result < 0 { throw open.failure("truncate", Int(result)) }
    }

    package func sync(_ file: DiskFile) throws(DiskFailure) {
        try openFile(file, "fdatasync").flush()
    }
}
