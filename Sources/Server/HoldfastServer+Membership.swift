import Bytes
import Node
import Ports
import Raft
import SystemIO

// Who the other nodes are, and the admin port's requests that change it.

extension HoldfastServer {
    private static let answerNanoseconds: UInt64 = 10_000_000_000

    /// Every member but those whose address nobody has told. A node that is to join begins with whom it was told of.
    func refreshPeers() {
        links.setPeers(knownMembers.compactMap { id in
            peerEndpoint(of: id).map { PeerAddress(id: id, host: $0.host, port: $0.port) }
        })
    }

    private var knownMembers: [NodeID] {
        let membership = node.replica.configuration.membership
        let members = (membership.voters + membership.learners).map { NodeID($0) }
        return members.isEmpty ? configuration.peers.keys.sorted() : members.sorted()
    }

    private func peerEndpoint(of id: NodeID) -> Endpoint? {
        node.replica.configuration.record(of: id.rawValue).addresses?.peer
            ?? configuration.peers[id].map { Endpoint(host: $0.host, port: $0.port) }
    }

    private func kafkaEndpoint(of id: NodeID) -> Endpoint? {
        node.replica.configuration.record(of: id.rawValue).addresses?.kafka
            ?? configuration.kafkaNodes[id].map { Endpoint(host: $0.host, port: $0.port) }
    }

    func checkPeers() throws(ServerFault) {
        for member in knownMembers where peerEndpoint(of: member) == nil {
            throw .configuration(ConfigurationError("peers does not list node \(member), a member of the cluster"))
        }
    }

    func membershipChanged() {
        refreshPeers()
        let configuration = node.replica.configuration
        guard configuration.membership != loggedMembership else { return }
        loggedMembership = configuration.membership
        let list = { (members: [MemberID]) in
            members.isEmpty ? "none" : members.map(String.init).joined(separator: ",")
        }
        logger.info("members", [
            "voters": list(configuration.membership.voters), "learners": list(configuration.membership.learners),
            "index": node.replica.configurations.lastIndex,
        ])
        for member in knownMembers where peerEndpoint(of: member) == nil {
            logger.error("no address of a member; name it in --peers", ["member": member])
        }
    }

    /// Nothing is left for this node to do, and its clients find their way through the others.
    func leaveCluster(_ index: UInt64) {
        logger.warning(
            "this node was removed from the cluster and ends; its data directory is of no more use", ["index": index])
        beginStopping()
    }

    // MARK: Requests

    /// POST, with a JSON body; answered by the leader, to which any other node passes it on.
    func answerMembership(_ path: String, _ body: ByteSlice, _ answer: @escaping (HTTPResponse) -> Void) {
        let request: MembershipRequest
        do throws(AdminProblem) {
            request = try MembershipRequest(path: path, body: body)
        } catch {
            return answer(error.response)
        }
        if node.replica.isLeader { return carryOut(request, answer) }
        passOn(path: path, body, answer)
    }

    /// To the leader, if there is one.
    func passOn(path: String, _ body: ByteSlice, _ answer: @escaping (HTTPResponse) -> Void) {
        var writer = ByteWriter()
        writer.uint16(UInt16(path.utf8.count))
        writer.text(path)
        writer.bytes(body)
        let deadline = loop.monotonicNanoseconds + Self.answerNanoseconds
        let isPassedOn = node.forwardToLeader(writer.finish(), isAdmin: true, deadline: deadline) { reply in
            answer(reply.flatMap(Self.decode) ?? AdminProblem.noAnswer.response)
        }
        if !isPassedOn { answer(AdminProblem.noLeader("\(configuration.node)").response) }
    }

    /// A request that another node passed on; not passed on again.
    func answerForwarded(_ request: ByteSlice, _ answer: @escaping (ByteSlice) -> Void) {
        let relay = { (response: HTTPResponse) in
            var writer = ByteWriter()
            writer.uint16(UInt16(response.status))
            writer.bytes(response.body)
            answer(writer.finish())
        }
        guard node.replica.isLeader else {
            return relay(AdminProblem.noLeader("\(configuration.node)").response)
        }
        do throws(DecodeError) {
            var reader = ByteReader(request)
            let path = try reader.text(Int(try reader.uint16()))
            let body = try reader.bytes(reader.remaining)
            if path == "/outcome" { return answerOutcome(forwarded: body, relay) }
            answerMembership(path, body, relay)
        } catch {
            relay(AdminProblem.badRequest("\(error)").response)
        }
    }

    private static func decode(_ reply: ByteSlice) -> HTTPResponse? {
        do throws(DecodeError) {
            var reader = ByteReader(reply)
            let status = Int(try reader.uint16())
            return HTTPResponse(
                status: status, contentType: "application/json", body: try reader.bytes(reader.remaining))
        } catch {
            return nil
        }
    }

    private func carryOut(_ request: MembershipRequest, _ answer: @escaping (HTTPResponse) -> Void) {
        switch request {
        case .add(let member, let addresses):
            if let other = owner(of: addresses, besides: member) {
                let words = "node \(other) has one of these addresses already"
                return answer(AdminProblem(409, "address-in-use", words).response)
            }
            change(.addLearner(member.rawValue), of: member, addresses, answer)
        case .promote(let member): change(.promote(member.rawValue), of: member, nil, answer)
        case .remove(let member): change(.remove(member.rawValue), of: member, nil, answer)
        case .transfer(let target): transfer(to: target, answer)
        }
    }

    private func owner(of addresses: MemberAddresses, besides member: NodeID) -> NodeID? {
        knownMembers.first { other in
            other != member
                && (peerEndpoint(of: other) == addresses.peer || kafkaEndpoint(of: other) == addresses.kafka)
        }
    }

    private func change(
        _ change: MembershipChange, of member: NodeID, _ addresses: MemberAddresses?,
        _ answer: @escaping (HTTPResponse) -> Void
    ) {
        logger.info("change of the members asked for", ["change": "\(change)"])
        let record = addresses.map { MemberRecord(id: member.rawValue, addresses: $0) }
        let own = configuration.node
        node.replica.change(change, record: record) { [memberList] outcome in
            switch outcome {
            case .committed(let index):
                let document = JSONValue.object([
                    ("index", .integer(Int64(clamping: index))), ("leader", .integer(Int64(own.rawValue))),
                ])
                answer(.json(document.encoded + "\n"))
            case .refused(let refusal):
                answer(AdminProblem(refusal, node: "\(member)", members: memberList).response)
            case .unknown: answer(AdminProblem.outcomeUnknown.response)
            }
        }
    }

    private var memberList: String { knownMembers.map(\.description).joined(separator: ", ") }

    private func transfer(to target: NodeID, _ answer: @escaping (HTTPResponse) -> Void) {
        let membership = node.replica.raft.membership
        guard membership.voters.contains(target.rawValue) else {
            let isLearner = membership.learners.contains(target.rawValue)
            let problem = isLearner
                ? AdminProblem(409, "not-a-voter", "node \(target) is a learner; promote it first")
                : AdminProblem(.unknownMember, node: "\(target)", members: memberList)
            return answer(problem.response)
        }
        guard target != configuration.node else {
            return answer(AdminProblem(409, "already-leads", "node \(target) leads already").response)
        }
        let matched = node.replica.raft.progress(of: target.rawValue)?.matched ?? 0
        let last = node.replica.raft.lastPosition.index
        let lag = node.replica.raft.settings.promotionLag
        guard node.connectedPeers.contains(target), last - matched <= lag else {
            let refusal = ChangeRefusal.notCaughtUp(matched: matched, last: last)
            return answer(AdminProblem(refusal, node: "\(target)", members: memberList).response)
        }
        guard !node.replica.isLowOnSpace(target) || node.replica.isLowOnSpace(configuration.node) else {
            let words = "node \(target) is low on disk space and would hand leadership back"
            return answer(AdminProblem(409, "disk-low", words).response)
        }
        logger.info("transfer of leadership asked for", ["to": target])
        switch node.replica.transferLeadership(to: target) {
        case .started: answer(.json("{\"started\":true,\"leader\":\(configuration.node)}\n", status: 202))
        case .alreadyTransferring(let other):
            answer(AdminProblem(409, "transferring", "leadership goes to node \(other) already").response)
        case .notLeader, .notEligible: answer(AdminProblem.noLeader("\(configuration.node)").response)
        }
    }
}
