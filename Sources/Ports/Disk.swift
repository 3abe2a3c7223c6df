import Bytes

/// An open file of a `Disk`; meaningful to that disk only.
package struct DiskFile: Hashable, Sendable {
    package let id: Int32
    package init(id: Int32) { self.id = id }
}

/// A failed disk call: what was tried, on which file, and the `errno` it ended with.
package struct DiskFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let errno: Int32
    /// The operating system's words for `errno`.
    package let reason: String

    package init(operation: String, path: String, errno: Int32, reason: String) {
        self.operation = operation
        self.path = path
        self.errno = errno
        self.reason = reason
    }

    /// There is a file of that name already (`EEXIST`).
    package var isExisting: Bool { errno == 17 }

    package var description: String { "\(operation) of \(path) failed: \(reason) (errno \(errno))" }
}

package struct DirectoryEntry: Equatable, Sendable {
    package let name: String
    /// Bytes; 0 for a directory.
    package let size: UInt64
    package let isDirectory: Bool

    package init(name: String, size: UInt64, isDirectory: Bool) {
        self.name = name
        self.size = size
        self.isDirectory = isDirectory
    }
}

package enum OpenMode: Sendable {
    case readOnly
    /// Must exist.
    case readWrite
    /// Must not exist.
    case createNew
}

/// Blocking file calls below one root directory; paths are relative to it. The event loop never calls these once a
/// node serves: it goes through `DiskQueue`. Start-up recovery, `verify` and the disk threads do.
///
/// Durability is the operating system's: `write` and `rename` survive a crash only after `sync` of the file and
/// `syncDirectory` of the directory.
package protocol Disk: AnyObject, Sendable {
    /// Another number whenever what was written and not synced may be gone: of the operating system's boot. Never 0.
    var cacheIdentity: UInt64 { get }
    /// Entries sorted by name.
    func list(_ directory: String) throws(DiskFailure) -> [DirectoryEntry]
    func open(_ path: String, _ mode: OpenMode) throws(DiskFailure) -> DiskFile
    func close(_ file: DiskFile)
    /// Gives an open file another number, before it is written over: whoever still holds the old number does not reach
    /// it any more. Nil, and nothing changes, while ranges of it are queued to be sent. Never blocks; called on the
    /// loop, once every operation on the old number has finished.
    func renumber(_ file: DiskFile) -> DiskFile?
    func size(_ file: DiskFile) throws(DiskFailure) -> UInt64
    /// Up to `count` bytes; fewer only at the end of the file.
    func read(_ file: DiskFile, offset: UInt64, count: Int) throws(DiskFailure) -> ByteSlice
    /// All of `pieces`, laid end to end from `offset`.
    func write(_ file: DiskFile, offset: UInt64, _ pieces: [ByteSlice]) throws(DiskFailure)
    /// Reserves `size` bytes and writes zeros over any of them not yet written, so that later writes only overwrite.
    func preallocate(_ file: DiskFile, size: UInt64) throws(DiskFailure)
    func truncate(_ file: DiskFile, size: UInt64) throws(DiskFailure)
    func sync(_ file: DiskFile) throws(DiskFailure)
    func createDirectory(_ path: String) throws(DiskFailure)
    func rename(_ from: String, to: String) throws(DiskFailure)
    func remove(_ path: String) throws(DiskFailure)
    func syncDirectory(_ path: String) throws(DiskFailure)
    /// Of the file system that the root is on.
    func space() throws(DiskFailure) -> DiskSpace
}

/// One step for the log-writer thread. Steps of all batches run in the order they were submitted.
package enum DiskOperation: Sendable {
    case write(DiskFile, offset: UInt64, [ByteSlice])
    /// `fdatasync`. May be merged with later syncs of the same file, as long as nothing is reported complete before it.
    case sync(DiskFile)
    case rename(from: String, to: String)
    case remove(String)
    case syncDirectory(String)
    case close(DiskFile)
    /// Creates `path` and preallocates `size` bytes, unless it exists already with at least that size.
    case prepare(String, size: UInt64)
}

/// What became of a batch or a read. Delivered on the owner's loop, batches in submission order.
package enum DiskCompletion: Sendable {
    case finished(token: UInt64)
    /// A write or sync failed. Final: the owner stops voting and acknowledging and ends the process.
    case failed(token: UInt64, DiskFailure)
    case read(token: UInt64, ByteSlice)
    case readFailed(token: UInt64, DiskFailure)
    /// A background job (snapshot writing, encoding) ended; nil when it succeeded.
    case job(token: UInt64, DiskFailure?)
}

/// Ordered, asynchronous disk work: the node's side of the log-writer and reader threads.
package protocol DiskQueue: AnyObject {
    /// Runs `operations` in order after all earlier batches, then delivers `.finished(token)`. Every write of the batch
    /// is durable by then only if the batch itself ends with the syncs it needs.
    func submit(_ operations: [DiskOperation], token: UInt64)
    /// Reads on the reader thread. Reads complete in any order.
    func read(_ file: DiskFile, offset: UInt64, count: Int, token: UInt64)
    /// Runs a short blocking job on the reader thread (looking something up in an index file). Completes as `.job`.
    func lookUp(_ job: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, token: UInt64)
    /// Runs a self-contained blocking job off the loop (for example encoding and writing a snapshot).
    func run(_ job: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, token: UInt64)
    /// Receives completions, on the loop. Set once, before the first call above.
    var deliver: ((DiskCompletion) -> Void)? { get set }
}
