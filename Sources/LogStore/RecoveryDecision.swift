import Planted

/// What the header at the expected place looks like.
enum HeaderEvidence: CaseIterable {
    /// Checksum, salt, epoch, index and chain say: this is the expected entry.
    case intact
    /// Not a header, or one of an earlier use of the file, or one that was cut away.
    case absent
    /// A header of this segment and epoch that is not the expected entry's.
    case misplaced
}

enum BodyEvidence: CaseIterable {
    case intact
    /// The checksum is wrong, or the file is too short.
    case damaged
    /// There is no header to say what the body should be.
    case unknown
}

/// Whether a header of a later entry of the same log follows in the segment.
enum SuccessorEvidence: CaseIterable {
    case none
    case found
}

/// Whether a durable mark says that the expected entry was flushed: in a later header, the next segment's header, the
/// state file, or a snapshot.
enum MarkEvidence: CaseIterable {
    case none
    case flushed
}

/// What to do with the entry at the place where it is expected.
enum RecoveryDecision: Equatable {
    case accept
    /// The log ends before it; nothing of it is left.
    case end
    /// A torn tail: never acknowledged. The log ends before it, and what is left is made void.
    case cut
    /// Keep it as damaged; its header says where the next one is.
    case damagedPayload
    /// Keep everything up to the successor as damaged, and go on there.
    case damagedHeader
    /// Durable once, and gone without a trace up to the end of the segment.
    case missing
}

/// The decision table of recovery. Its one idea: what was flushed once is never cut, whatever it looks like now, and
/// what was never flushed is never kept in pieces.
enum RecoveryTable {
    /// Nil for combinations that cannot be observed: a body without a header, a header without a body.
    static func decide(
        header: HeaderEvidence, body: BodyEvidence, successor: SuccessorEvidence, mark: MarkEvidence
    ) -> RecoveryDecision? {
        #if DEBUG
        if Planted.has(.cutsDamagedEntries), mark == .flushed {
            return decide(header: header, body: body, successor: successor, mark: .none)
        }
        #endif
        return switch (header, body, successor, mark) {
        case (.intact, .intact, _, _): .accept
        case (.intact, .damaged, _, .flushed): .damagedPayload
        case (.intact, .damaged, _, .none): .cut
        case (.absent, .unknown, .found, .flushed), (.misplaced, .unknown, .found, .flushed): .damagedHeader
        case (.absent, .unknown, .none, .flushed), (.misplaced, .unknown, .none, .flushed): .missing
        case (.absent, .unknown, .found, .none), (.misplaced, .unknown, .found, .none): .cut
        case (.misplaced, .unknown, .none, .none): .cut
        case (.absent, .unknown, .none, .none): .end
        case (.intact, .unknown, _, _), (.absent, .intact, _, _), (.absent, .damaged, _, _),
            (.misplaced, .intact, _, _), (.misplaced, .damaged, _, _):
            nil
        }
    }
}
