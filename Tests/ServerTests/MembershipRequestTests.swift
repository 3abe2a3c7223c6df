import Bytes
import Node
import Ports
import Raft
import Testing

@testable import Server

@Suite struct MembershipRequestTests {
    private func refusal(_ path: String, _ body: String) -> (status: Int, words: String)? {
        do throws(AdminProblem) {
            _ = try MembershipRequest(path: path, body: ByteSlice(utf8: body))
            return nil
        } catch {
            return (error.status, error.words)
        }
    }

    @Test func whatIsAskedIsUnderstood() throws {
        let body = #"{"node": 4, "peer": "[::1]:7004", "kafka": "kafka4:9092"}"#
        guard case .add(NodeID(4), let addresses) = try MembershipRequest(
            path: "/cluster/add", body: ByteSlice(utf8: body))
        else {
            Issue.record("not understood as adding node 4")
            return
        }
        #expect(addresses.peer == Endpoint(host: "::1", port: 7004) && "\(addresses.peer)" == "[::1]:7004")
        #expect(addresses.kafka == Endpoint(host: "kafka4", port: 9092))
        for path in ["promote", "remove", "transfer"] { #expect(refusal("/cluster/\(path)", #"{"node":2}"#) == nil) }
    }

    @Test(arguments: [
        ("/cluster/remove", "", "not JSON"), ("/cluster/remove", "[]", "not a JSON object"),
        ("/cluster/remove", "{}", "'node'"), ("/cluster/remove", #"{"node":0}"#, "'node'"),
        ("/cluster/remove", #"{"node":2147483648}"#, "'node'"), ("/cluster/remove", #"{"node":1.5}"#, "'node'"),
        ("/cluster/remove", #"{"node":1,"force":true}"#, "'force'"), ("/cluster/add", #"{"node":1}"#, "'peer'"),
        ("/cluster/add", #"{"node":1,"peer":"here","kafka":"a:1"}"#, "'here', not HOST:PORT"),
        ("/cluster/add", #"{"node":1,"peer":"a:1","kafka":"a:0"}"#, "'kafka'"),
    ])
    func whatMakesNoSenseIsNamed(_ path: String, _ body: String, _ named: String) throws {
        let refused = try #require(refusal(path, body))
        #expect(refused.status == 400 && refused.words.contains(named), "\(refused)")
    }

    @Test func hostsThatCannotBeStoredAreRefused() {
        let host = String(repeating: "a", count: 256)
        #expect(refusal("/cluster/add", #"{"node":1,"peer":"\#(host):1","kafka":"a:1"}"#)?.status == 400)
        #expect(refusal("/cluster/split", #"{"node":1}"#)?.status == 404)
    }

    /// Programs tell by the code whether to ask again.
    @Test func everyRefusalHasItsCode() {
        let refusals: [(ChangeRefusal, Int, String)] = [
            (.notLeader(leader: 2), 503, "no-leader"), (.notReady, 503, "not-ready"),
            (.transferring, 503, "transferring"), (.pending(index: 7), 409, "change-pending"),
            (.alreadyMember, 409, "already-member"), (.unknownMember, 404, "not-a-member"),
            (.lastVoter, 409, "last-voter"), (.notCaughtUp(matched: 1, last: 9), 409, "not-caught-up"),
            (.noQuorum(reachable: 1, needed: 2), 409, "no-quorum"),
        ]
        for (refusal, status, code) in refusals {
            let problem = AdminProblem(refusal, node: "4", members: "1, 2")
            #expect(problem.status == status && problem.code == code && !problem.words.isEmpty)
        }
    }
}
