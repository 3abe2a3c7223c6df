/// Majorities of the voters. A group without voters has none, so it elects nobody and commits nothing.
package enum Quorum {
    package static func size(voters: Int) -> Int { voters / 2 + 1 }

    /// The largest value that a majority of `voters` has reached; zero without voters. Allocates nothing: the leader
    /// asks with each acknowledgement.
    package static func reached(by voters: [MemberID], _ value: (MemberID) -> UInt64) -> UInt64 {
        reached(by: size(voters: voters.count), of: voters, value)
    }

    /// The largest value that `count` of `voters` have reached, at least; zero if there are not so many.
    package static func reached(
        by count: Int, of voters: [MemberID], _ value: (MemberID) -> UInt64
    ) -> UInt64 {
        var best: UInt64 = 0
        for voter in voters {
            let candidate = value(voter)
            guard candidate > best else { continue }
            if voters.count(where: { value($0) >= candidate }) >= count { best = candidate }
        }
        return best
    }
}

/// Who granted and who refused, in the order in which they answered. Only voters count, each once, by its first answer.
package struct VoteTally: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case pending
        case won
        case lost
    }

    package private(set) var granted: [MemberID] = []
    package private(set) var refused: [MemberID] = []

    package init() {}

    package mutating func record(_ member: MemberID, isGranted: Bool) {
        guard !granted.contains(member), !refused.contains(member) else { return }
        if isGranted { granted.append(member) } else { refused.append(member) }
    }

    package func outcome(voters: [MemberID]) -> Outcome {
        let quorum = Quorum.size(voters: voters.count)
        if voters.count(where: granted.contains) >= quorum { return .won }
        return voters.count - voters.count(where: refused.contains) < quorum ? .lost : .pending
    }
}
