import Bytes
import Node
import Raft
import SystemIO

/// Why a request of the admin port is refused: for people in words, for programs as a code that does not change.
struct AdminProblem: Error {
    let status: Int
    let code: String
    let words: String

    init(_ status: Int, _ code: String, _ words: String) {
        self.status = status
        self.code = code
        self.words = words
    }

    static func badRequest(_ words: String) -> AdminProblem { AdminProblem(400, "bad-request", words) }

    static let noAnswer = AdminProblem(504, "no-answer", "the leader did not answer; it may have done what was asked")

    static let outcomeUnknown = AdminProblem(
        503, "outcome-unknown", "leadership was lost before the change was committed; it may still be")

    static func noLeader(_ node: String) -> AdminProblem {
        AdminProblem(503, "no-leader", "node \(node) knows no leader it can ask; is there a majority?")
    }

    /// `node` is the one the change is about.
    init(_ refusal: ChangeRefusal, node: String, members: String) {
        switch refusal {
        case .notLeader: self.init(503, "no-leader", "leadership was lost")
        case .notReady: self.init(503, "not-ready", "the leader was only just elected; ask again")
        case .transferring: self.init(503, "transferring", "leadership is being handed over; ask again")
        case .pending(let index):
            self.init(409, "change-pending", "an earlier change (entry \(index)) is not committed yet; ask again")
        case .alreadyMember: self.init(409, "already-member", "node \(node) is one already; the members are \(members)")
        case .unknownMember: self.init(404, "not-a-member", "node \(node) is not a member; the members are \(members)")
        case .lastVoter: self.init(409, "last-voter", "node \(node) is the only voter")
        case .notCaughtUp(let matched, let last):
            self.init(409, "not-caught-up", "node \(node) has entries up to \(matched) on its disk, of \(last)")
        case .noQuorum(let reachable, let needed):
            self.init(
                409, "no-quorum",
                "of the voters there would be then, \(reachable) can be reached and \(needed) are needed: nothing "
                    + "could be stored any more; start the others first")
        }
    }

    var response: HTTPResponse {
        let document = JSONValue.object([("error", .string(words)), ("code", .string(code))])
        return .json(document.encoded + "\n", status: status)
    }
}
