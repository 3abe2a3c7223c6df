import Bytes
import CSystem
import Glibc
import Ports
import Testing

@testable import SystemIO

@Suite struct SystemDiskTests {
    private let directory = TemporaryDirectory()

    private func disk() throws -> SystemDisk { try SystemDisk(root: directory.path + "/data") }

    @Test func aMissingDirectoryIsMadeOnlyWhenAsked() throws {
        let root = directory.path + "/data"
        let missing = #expect(throws: DiskFailure.self) { try SystemDisk(root: root, creating: false) }
        #expect(missing?.errno == ENOENT && missing?.path == root)
        #expect(access(root, F_OK) == -1)
        #expect(try SystemDisk(root: root).list("").isEmpty)
        #expect(try SystemDisk(root: root, creating: false).list("").isEmpty)
    }

    @Test func writesAndReadsPieces() throws {
        let disk = try disk()
        let file = try disk.open("a", .createNew)
        let pieces = (0..<3000).map { ByteSlice(randomBytes($0 % 7, seed: UInt64($0))) }
        let all = pieces.flatMap(\.array)
        try disk.write(file, offset: 100, pieces)
        #expect(try disk.size(file) == UInt64(100 + all.count))
        #expect(try disk.read(file, offset: 100, count: all.count).array == all)
        #expect(try disk.read(file, offset: 0, count: 100).array == [UInt8](repeating: 0, count: 100))
        #expect(try disk.read(file, offset: UInt64(99 + all.count), count: 50).array == [all[all.count - 1]])
        #expect(try disk.read(file, offset: 1 << 40, count: 50).isEmpty)
        try disk.write(file, offset: 0, [])
        try disk.write(file, offset: 0, [.empty])
        try disk.truncate(file, size: 101)
        #expect(try disk.size(file) == 101)
        try disk.sync(file)
    }

    @Test func preallocationKeepsWhatIsWrittenAndWritesZerosOverTheRest() throws {
        let disk = try disk()
        let file = try disk.open("segment", .createNew)
        let written = randomBytes(5000, seed: 5)
        try disk.write(file, offset: 2_000_000, [ByteSlice(written)])
        let size: UInt64 = 5 << 20
        try disk.preallocate(file, size: size)
        #expect(try disk.size(file) == size)
        #expect(try disk.read(file, offset: 2_000_000, count: 5000).array == written)
        let before = try disk.read(file, offset: 0, count: 2_000_000)
        #expect(before.withUnsafeBytes { $0.allSatisfy { $0 == 0 } })
        let open = try disk.openFile(file, "test")
        #expect(holdfast_seek_hole(open.descriptor, 0) == Int64(size))
        // Larger already: nothing changes.
        try disk.preallocate(file, size: 1000)
        #expect(try disk.size(file) == size)
    }

    @Test func prepareCreatesOnceAndDoesNotTouchALargeEnoughFile() throws {
        let disk = try disk()
        try disk.prepare("s", size: 3 << 20)
        let file = try disk.open("s", .readWrite)
        #expect(try disk.size(file) == 3 << 20)
        try disk.write(file, offset: 10, [ByteSlice([1, 2])])
        try disk.prepare("s", size: 3 << 20)
        #expect(try disk.read(file, offset: 10, count: 2).array == [1, 2])
        try disk.prepare("s", size: 4 << 20)
        #expect(try disk.size(file) == 4 << 20)
        #expect(try disk.read(file, offset: 10, count: 2).array == [1, 2])
    }

    @Test func directoriesAreListedByName() throws {
        let disk = try disk()
        try disk.createDirectory("groups")
        try disk.createDirectory("groups")
        try disk.createDirectory("groups/b")
        let file = try disk.open("groups/c", .createNew)
        try disk.write(file, offset: 0, [ByteSlice([1, 2, 3])])
        disk.close(try disk.open("groups/a", .createNew))
        try disk.syncDirectory("groups")
        #expect(
            try disk.list("groups") == [
                DirectoryEntry(name: "a", size: 0, isDirectory: false),
                DirectoryEntry(name: "b", size: 0, isDirectory: true),
                DirectoryEntry(name: "c", size: 3, isDirectory: false),
            ])
        try disk.rename("groups/c", to: "groups/a")
        try disk.remove("groups/b")
        #expect(try disk.list("groups") == [DirectoryEntry(name: "a", size: 3, isDirectory: false)])
        #expect(try disk.list("") == [DirectoryEntry(name: "groups", size: 0, isDirectory: true)])
        try disk.syncDirectory(".")
        let space = try disk.space()
        #expect(space.free > 0 && space.free <= space.total)
    }

    @Test func failuresNamePathAndReason() throws {
        let disk = try disk()
        let missing = #expect(throws: DiskFailure.self) { try disk.open("nowhere", .readWrite) }
        #expect(missing?.errno == ENOENT)
        #expect(missing?.description == "open of nowhere failed: No such file or directory (errno 2)")
        let file = try disk.open("x", .createNew)
        let exists = #expect(throws: DiskFailure.self) { try disk.open("x", .createNew) }
        #expect(exists?.errno == EEXIST)
        let isFile = #expect(throws: DiskFailure.self) { try disk.createDirectory("x") }
        #expect(isFile?.errno == EEXIST)
        let overflow = #expect(throws: DiskFailure.self) {
            try disk.write(file, offset: .max, [ByteSlice([1])])
        }
        #expect(overflow?.errno == EINVAL)
        #expect(throws: DiskFailure.self) { try disk.read(file, offset: .max - 3, count: 10) }
        #expect(throws: DiskFailure.self) { try disk.truncate(file, size: .max) }
        #expect(throws: DiskFailure.self) { try disk.list("none") }
        #expect(throws: DiskFailure.self) { try disk.remove("none") }
        #expect(throws: DiskFailure.self) { try disk.rename("none", to: "b") }
        #expect(throws: DiskFailure.self) { try disk.syncDirectory("none") }
        disk.close(file)
        let closed = #expect(throws: DiskFailure.self) { try disk.size(file) }
        #expect(closed?.errno == EBADF)
    }

    @Test func aFullDeviceIsAFailure() throws {
        let disk = try SystemDisk(root: "/dev", exclusive: false)
        let file = try disk.open("full", .readWrite)
        let failure = #expect(throws: DiskFailure.self) { try disk.write(file, offset: 0, [ByteSlice([1])]) }
        #expect(failure?.errno == ENOSPC)
    }

    @Test func aClosedFileNumberIsNeverReused() throws {
        let disk = try disk()
        let first = try disk.open("a", .createNew)
        disk.close(first)
        let second = try disk.open("b", .createNew)
        #expect(first != second)
        #expect(throws: DiskFailure.self) { try disk.write(first, offset: 0, [ByteSlice([1])]) }
        #expect(try disk.size(second) == 0)
    }

    @Test func oneDirectoryHasOneUser() throws {
        let path = directory.path + "/locked"
        var first: SystemDisk? = try SystemDisk(root: path)
        let failure = #expect(throws: DiskFailure.self) { try SystemDisk(root: path) }
        #expect(failure?.description.contains("another process is using it") == true)
        #expect(failure?.description.contains(path) == true)
        // Looking without the lock is allowed (verify).
        #expect(try SystemDisk(root: path, exclusive: false).list("") == [])
        #expect(try first?.list("") == [])
        first = nil
        #expect(try SystemDisk(root: path).list("") == [])
    }

    @Test func aMissingParentIsNamed() {
        let failure = #expect(throws: DiskFailure.self) { try SystemDisk(root: directory.path + "/no/such") }
        #expect(failure?.path == directory.path + "/no/such")
    }
}
