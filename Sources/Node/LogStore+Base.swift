import LogStore

extension LogStore {
    /// The entry just before the first: where the log begins.
    var base: LogPoint {
        let index = firstIndex - 1
        guard let term = term(at: index), let chain = chain(at: index) else {
            preconditionFailure("the log does not know what precedes its first entry, \(firstIndex)")
        }
        return LogPoint(index: index, term: term, chain: chain)
    }
}
