import CSystem
import Glibc
import Ports

extension SystemDisk {
    package func list(_ directory: String) throws(DiskFailure) -> [DirectoryEntry] {
        var stream: OpaquePointer?
        let opened = holdfast_directory_open(absolute(directory), &stream)
        if opened < 0 { throw diskFailure("listing", directory, -opened) }
        defer { holdfast_directory_close(stream) }
        var entries: [DirectoryEntry] = []
        var name: UnsafePointer<CChar>?
        while true {
            let result = holdfast_directory_next(stream, &name)
            if result < 0 { throw diskFailure("listing", directory, -result) }
            guard result > 0, let name else { break }
            if let entry = try entry(named: String(cString: name), in: directory) { entries.append(entry) }
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Nil when the entry went away after it was listed.
    private func entry(named name: String, in directory: String) throws(DiskFailure) -> DirectoryEntry? {
        var status = holdfast_file_status()
        let result = holdfast_status_at(absolute(directory) + "/" + name, &status)
        if result == -ENOENT { return nil }
        if result < 0 { throw diskFailure("size", directory + "/" + name, -result) }
        return DirectoryEntry(name: name, size: status.size, isDirectory: status.is_directory != 0)
    }

    /// Succeeds if the directory is there already.
    package func createDirectory(_ path: String) throws(DiskFailure) {
        let result = holdfast_mkdir(absolute(path))
        if result == -EEXIST {
            var status = holdfast_file_status()
            if holdfast_status_at(absolute(path), &status) == 0, status.is_directory != 0 { return }
        }
        if result < 0 { throw diskFailure("creating directory", path, -result) }
    }

    package func rename(_ from: String, to: String) throws(DiskFailure) {
        let result = holdfast_rename(absolute(from), absolute(to))
        if result < 0 { throw diskFailure("rename to \(to)", from, -result) }
    }

    /// A file, or an empty directory.
    package func remove(_ path: String) throws(DiskFailure) {
        let result = holdfast_remove(absolute(path))
        if result < 0 { throw diskFailure("remove", path, -result) }
    }

    package func syncDirectory(_ path: String) throws(DiskFailure) {
        let descriptor = holdfast_open_directory(absolute(path))
        if descriptor < 0 { throw diskFailure("opening directory", path, -descriptor) }
        let result = holdfast_fsync(descriptor)
        holdfast_close(descriptor)
        if result < 0 { throw diskFailure("fsync of directory", path, -result) }
    }

    package func space() throws(DiskFailure) -> DiskSpace {
        var free: UInt64 = 0
        var total: UInt64 = 0
        let result = holdfast_disk_space(root, &free, &total)
        if result < 0 { throw diskFailure("free space", root, -result) }
        return DiskSpace(free: free, total: total)
    }

    /// Creates `path` and preallocates `size` bytes, unless it exists with at least that size. Durable on return.
    func prepare(_ path: String, size: UInt64) throws(DiskFailure) {
        var status = holdfast_file_status()
        let known = holdfast_status_at(absolute(path), &status)
        if known < 0 && known != -ENOENT { throw diskFailure("size", path, -known) }
        if known == 0 && status.size >= size { return }
        let file = try open(path, known == 0 ? .readWrite : .createNew)
        defer { close(file) }
        try preallocate(file, size: size)
        try sync(file)
        try syncDirectory(parent(of: path))
    }

    private func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }
}
