import Broker
import Bytes
import Node
import Ports
import SystemIO

/// "Did it commit?" on the admin port.
extension HoldfastServer {
    /// Answered by the leader, to which any other node passes it on.
    func answerOutcome(_ request: HTTPRequest, _ answer: @escaping (HTTPResponse) -> Void) {
        do throws(AdminProblem) {
            let asked = try OutcomeRequest(request.query)
            if node.replica.isLeader { return answerOutcome(asked, answer) }
            let fields = JSONValue.object(request.query.map { ($0.name, .string($0.value)) })
            passOn(path: request.path, ByteSlice(utf8: fields.encoded), answer)
        } catch {
            answer(error.response)
        }
    }

    /// As another node has passed it on.
    func answerOutcome(forwarded body: ByteSlice, _ answer: @escaping (HTTPResponse) -> Void) {
        do throws(AdminProblem) {
            answerOutcome(try OutcomeRequest(body: body), answer)
        } catch {
            answer(error.response)
        }
    }

    private func answerOutcome(_ request: OutcomeRequest, _ answer: @escaping (HTTPResponse) -> Void) {
        let own = configuration.node
        let missing = AdminProblem(
            404, "unknown-partition", "there is no partition \(request.partition) of a topic '\(request.topic)'")
        node.replica.outcome(
            topic: request.topic, partition: request.partition, producer: request.producer, sequence: request.sequence,
            searchBytes: request.searchBytes
        ) { result in
            switch result {
            case .known(let outcome, let commit):
                let members = outcome.members + [
                    ("commit", JSONValue.integer(Int64(clamping: commit))), ("leader", .integer(Int64(own.rawValue))),
                ]
                answer(.json(JSONValue.object(members).encoded + "\n"))
            case .unknownPartition: answer(missing.response)
            case .notLeading: answer(AdminProblem.noLeader("\(own)").response)
            }
        }
    }
}

extension RecordOutcome {
    /// As members of a JSON object. What is not known is not there.
    fileprivate var members: [(String, JSONValue)] {
        switch self {
        case .committed(let offset, let entry):
            [
                ("outcome", .string("committed")), ("offset", .integer(offset)),
                ("index", .integer(Int64(clamping: entry.index))), ("term", .integer(Int64(clamping: entry.term))),
            ]
        case .committedSomewhere(let offset, let end):
            [("outcome", .string("committed"))] + (offset.map { [("offset", .integer($0))] } ?? []) + end.members
        case .pending(let entry):
            [("outcome", .string("pending"))] + (entry.map { [("index", .integer(Int64(clamping: $0)))] } ?? [])
        case .never: [("outcome", .string("never"))]
        case .unknown(let end): [("outcome", .string("unknown"))] + end.members
        }
    }
}

extension SearchEnd {
    fileprivate var members: [(String, JSONValue)] {
        switch self {
        case .deleted(let start): [("reason", .string("deleted")), ("from", .integer(start))]
        case .bound(let offset): [("reason", .string("search-bytes")), ("from", .integer(offset))]
        case .unreadable(let offset): [("reason", .string("unreadable")), ("from", .integer(offset))]
        }
    }
}
