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
///
/// Elected is whom a majority grants, each of them sure to have all it ever said it had; or everybody. A majority that
/// holds a committed entry, but for those that have lost it, has a member in common with either, whose log the
/// candidate's is at least as long as.
package struct VoteTally: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case pending
        case won
        case lost
    }

    package private(set) var granted: [MemberID] = []
    package private(set) var refused: [MemberID] = []
    /// Of those that granted, who may lack what they once had.
    package private(set) var rejoining: [MemberID] = []

    package init() {}

    package mutating func record(_ member: MemberID, isGranted: Bool, isRejoining: Bool = false) {
        guard !granted.contains(member), !refused.contains(member) else { return }
        if isGranted { granted.append(member) } else { refused.append(member) }
        if isGranted, isRejoining { rejoining.append(member) }
    }

    package func outcome(voters: [MemberID]) -> Outcome {
        let quorum = Quorum.size(voters: voters.count)
        let sure = voters.count { granted.contains($0) && !rejoining.contains($0) }
        let refusals = voters.count(where: refused.contains)
        if sure >= quorum || (!voters.isEmpty && voters.allSatisfy(granted.contains)) { return .won }
        if voters.isEmpty { return .lost }
        let others = voters.count - refusals - voters.count(where: rejoining.contains)
        return refusals > 0 && others < quorum ? .lost : .pending
    }
}
