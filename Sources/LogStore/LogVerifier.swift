import Bytes
import Ports

/// Checks one log directory, changing nothing: every header, payload, chain value, sidecar and snapshot, and both slots
/// of the state file. For `holdfast verify`; the node that owns the directory should be stopped.
package struct LogVerifier {
    package struct Summary: Equatable, Sendable {
        package var firstIndex: UInt64
        package var lastIndex: UInt64
        package var entryCount: UInt64
        package var segmentCount: Int
        package var snapshotCount: Int
        /// Chain value of the last entry: equal on two replicas at the same index means equal logs.
        package var chain: UInt64
    }

    package struct Problem: Equatable, Sendable, CustomStringConvertible {
        package var file: String
        package var offset: UInt64?
        package var index: UInt64?
        package var what: String

        package var description: String {
            let place = offset.map { " at byte \($0)" } ?? ""
            let entry = index.map { ", entry \($0)" } ?? ""
            return "\(file)\(place)\(entry): \(what)"
        }
    }

    package enum Outcome: Equatable, Sendable {
        case intact(Summary)
        case damaged(Problem)
    }

    package init() {}

    /// Answers the first problem, by position in the log; disk errors and an unusable directory are problems too.
    package func verify(_ disk: any Disk, directory: String) -> Outcome {
        var examination = LogExamination(disk, directory: directory, group: nil, usesSidecars: false)
        do throws(LogStoreError) {
            try examination.run()
            try check(sidecarsOf: &examination)
        } catch {
            return .damaged(Problem(file: directory, offset: nil, index: nil, what: error.description))
        }
        if let range = examination.damage.first {
            let file = directory + "/" + range.segment
            return .damaged(Problem(file: file, offset: range.offset, index: range.first, what: range.description))
        }
        if let finding = examination.findings.first {
            return .damaged(Problem(file: finding.file, offset: nil, index: nil, what: finding.what))
        }
        let choice = examination.choice()
        if let wrong = choice.contradicting {
            let what = "chain value of entry \(wrong.index) differs from the log's"
            return .damaged(Problem(file: wrong.path, offset: nil, index: wrong.index, what: what))
        }
        let start = max(examination.state.logStart, examination.state.begin.index + 1)
        if choice.chosen == nil && (start > 1 || examination.state.isResetting) {
            let covered = examination.snapshots.last?.metadata.index ?? 0
            let what = "log starts at \(start), but the newest snapshot, of entry \(covered), is of no use"
            return .damaged(Problem(file: directory, offset: nil, index: covered + 1, what: what))
        }
        return .intact(summary(examination))
    }

    private func summary(_ examination: LogExamination) -> Summary {
        let first = max(
            examination.segments.first?.header.first ?? examination.state.logStart, examination.state.begin.index + 1)
        return Summary(
            firstIndex: first, lastIndex: examination.last.index, entryCount: examination.last.index + 1 - first,
            segmentCount: examination.segments.count, snapshotCount: examination.snapshots.count,
            chain: examination.last.chain)
    }

    private func check(sidecarsOf examination: inout LogExamination) throws(LogStoreError) {
        for segment in examination.segments.dropLast() where segment.hasSidecar {
            let path = examination.path(FileNames.sidecar(segment.header.first))
            let disk = examination.disk
            let bytes = try onDisk { () throws(DiskFailure) in
                let file = try disk.open(path, .readOnly)
                defer { disk.close(file) }
                return try disk.read(file, offset: 0, count: Int(try disk.size(file)))
            }
            if Sidecar.decode(bytes, header: segment.header) != segment.scan.records {
                examination.note(path, "does not match its segment")
            }
        }
    }
}
