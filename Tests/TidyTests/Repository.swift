import Glibc

/// The repository's files, read once. Hidden entries other than `.ci` are the tools' business, not ours.
struct Repository {
    let files: [SourceFile]
    /// Names at the top level that are not hidden, sorted.
    let topLevel: [String]

    static let current = Repository(root: root)

    private static var root: String {
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    }

    init(root: String) {
        var paths: [String] = []
        Self.walk(root, "", &paths)
        files = paths.sorted().compactMap { path in
            let bytes = Self.read(root + "/" + path)
            return bytes.contains(0) ? nil : SourceFile(path: path, bytes: bytes)
        }
        topLevel = Self.entries(root).filter { !$0.hasPrefix(".") }
    }

    init(files: [SourceFile], topLevel: [String] = []) {
        self.files = files
        self.topLevel = topLevel
    }

    func files(below folder: String) -> [SourceFile] { files.filter { $0.path.hasPrefix(folder + "/") } }

    private static func walk(_ root: String, _ folder: String, _ paths: inout [String]) {
        for name in entries(root + "/" + folder) {
            let path = folder.isEmpty ? name : folder + "/" + name
            if (name.hasPrefix(".") && name != ".ci") || name == "__pycache__" || name.hasSuffix(".o") { continue }
            if isDirectory(root + "/" + path) {
                walk(root, path, &paths)
            } else {
                paths.append(path)
            }
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var information = stat()
        return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    private static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { fatalError("cannot list \(path): errno \(errno)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { fatalError("cannot open \(path): errno \(errno)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}
