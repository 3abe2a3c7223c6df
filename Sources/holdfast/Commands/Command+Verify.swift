import Glibc
import LogStore
import Ports
import SystemIO

extension Command {
    static let verify = Command(
        "verify", "check the logs of stopped nodes, changing nothing", operands: "DIR [DIR...]",
        details: """
            DIR is a node's data directory (holdfast serve --data) or one group directory in it. Prints the first
            problem and exits with 1, or per log its counts and the checksum of its whole history: equal on two nodes
            with the same last entry. Logs of the same last entry are compared.
            """
    ) { arguments throws(CommandFailure) in
        guard !arguments.operands.isEmpty else { throw .usage("name at least one directory; see --help") }
        var intact: [(path: String, summary: LogVerifier.Summary)] = []
        for path in arguments.operands {
            for log in try logs(in: path) { intact.append((log.path, try check(log))) }
        }
        var output = Output()
        for (path, summary) in intact { try output.write("\(path): \(words(summary))\n") }
        try output.flush()
        for (position, log) in intact.enumerated() {
            for other in intact[..<position] where other.summary.lastIndex == log.summary.lastIndex {
                guard other.summary.chain == log.summary.chain || name(other.path) != name(log.path) else {
                    let end = "both end at entry \(log.summary.lastIndex)"
                    throw .failed("\(other.path) and \(log.path) \(end), with different histories")
                }
            }
        }
        return 0
    }

    /// A group directory, as its parent's disk and its name there.
    private struct GroupLog {
        let disk: SystemDisk
        let name: String
        var path: String { disk.root == "/" ? "/\(name)" : "\(disk.root)/\(name)" }
    }

    private static func logs(in path: String) throws(CommandFailure) -> [GroupLog] {
        // A disk creates its root, which must not happen here.
        guard let directory = opendir(path) else {
            throw .failed("\(path): \(String(cString: strerror(errno)))")
        }
        closedir(directory)
        var trimmed = Substring(path)
        while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
        do {
            let node = try SystemDisk(root: String(trimmed))
            let names = try node.list("").filter { $0.isDirectory && $0.name.hasPrefix("group-") }.map(\.name)
            if !names.isEmpty { return names.map { GroupLog(disk: node, name: $0) } }
        } catch {
            throw .failed("\(path): \(error)")
        }
        guard let log = try group(String(trimmed)) else {
            throw .failed("\(path) is neither a node's data directory nor a group directory in one")
        }
        return [log]
    }

    private static func group(_ path: String) throws(CommandFailure) -> GroupLog? {
        let slash = path.lastIndex(of: "/")
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        do {
            let disk = try SystemDisk(root: parent)
            return try LogStore.isFormatted(disk, directory: name) ? GroupLog(disk: disk, name: name) : nil
        } catch {
            throw .failed("\(path): \(error)")
        }
    }

    private static func check(_ log: GroupLog) throws(CommandFailure) -> LogVerifier.Summary {
        switch LogVerifier().verify(log.disk, directory: log.name) {
        case .intact(let summary): return summary
        case .damaged(let problem): throw .failed("\(log.disk.root)/\(problem)")
        }
    }

    private static func name(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }

    private static func words(_ summary: LogVerifier.Summary) -> String {
        let digits = String(summary.chain, radix: 16)
        let chain = String(repeating: "0", count: 16 - digits.count) + digits
        return "\(summary.entryCount) entries (\(summary.firstIndex) to \(summary.lastIndex)), "
            + "\(summary.segmentCount) segments, \(summary.snapshotCount) snapshots, chain checksum \(chain)"
    }
}
