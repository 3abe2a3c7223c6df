import Ports

/// Why a log could not be formatted or opened. Each names the file; none of them is ever answered by starting fresh.
package enum LogStoreError: Error, Equatable, Sendable {
    case disk(DiskFailure)
    /// `format` found something in the directory.
    case notEmpty(directory: String)
    /// The directory has no file of term and vote: it was never formatted, or lost it.
    case notFormatted(path: String)
    /// Both copies of term and vote are unreadable.
    case stateDamaged(path: String, what: String)
    /// Entries `first ... last` should be in a segment that is not there.
    case missingSegment(directory: String, first: UInt64, last: UInt64)
    /// The log starts after entry 1 and there is no readable snapshot covering what comes before.
    case missingSnapshot(directory: String, logStart: UInt64, what: String)
    /// The files contradict each other in a way no crash can produce.
    case inconsistent(path: String, what: String)
    /// An entry whose bytes are damaged was to be read.
    case damaged(path: String, index: UInt64)
}

extension LogStoreError {
    /// What the log needs to be opened is gone, and no other file has it.
    package var isLoss: Bool {
        switch self {
        case .notFormatted, .stateDamaged, .missingSegment, .missingSnapshot: true
        case .disk, .notEmpty, .inconsistent, .damaged: false
        }
    }
}

extension LogStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let failure): "\(failure)"
        case .notEmpty(let directory): "\(directory) is not empty: refusing to format it"
        case .notFormatted(let path): "\(path) is missing: the directory was never formatted, or has lost its vote"
        case .stateDamaged(let path, let what): "term and vote in \(path) are unreadable: \(what)"
        case .missingSegment(let directory, let first, let last):
            "\(directory) lacks the segment with entries \(first) to \(last)"
        case .missingSnapshot(let directory, let logStart, let what):
            "\(directory) starts at entry \(logStart) without a usable snapshot before it: \(what)"
        case .inconsistent(let path, let what): "\(path): \(what)"
        case .damaged(let path, let index): "entry \(index) in \(path) is damaged"
        }
    }
}

/// Runs disk calls whose failures end the surrounding operation.
func onDisk<Result>(_ body: () throws(DiskFailure) -> Result) throws(LogStoreError) -> Result {
    do {
        return try body()
    } catch {
        throw .disk(error)
    }
}
