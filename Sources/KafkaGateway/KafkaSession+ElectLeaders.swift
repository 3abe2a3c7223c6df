import Broker
import Bytes
import KafkaWire

extension KafkaSession {
    /// ElectLeaders (key 43, KIP-183, KIP-460). One node leads every partition, so the election of a preferred leader
    /// is a transfer of all of them to the first replica, done once for the whole request.
    func electLeaders(_ header: KafkaRequestHeader, _ request: ElectLeadersRequest, frame: ByteSlice) {
        guard let type = LeaderElection.Kind(rawValue: request.electionType) else {
            return respond(header, LeaderElection.failing(request, Refusal(.invalidRequest, "no such election type")))
        }
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in
                let election = LeaderElection(request, gateway)
                guard election.namesPartitions else { return call.answer(election.response(nil)) }
                elect(type, for: call) { call.answer(election.response($0)) }
            },
            refusal: { call in call.answer(LeaderElection.failing(request, call.reason)) })
    }

    /// `completion` gets nil once the preferred leader leads.
    private func elect(_ type: LeaderElection.Kind, for call: LeaderCall, completion: @escaping (Refusal?) -> Void) {
        guard type == .preferred else {
            let words = "there is a leader; a node that lacks acknowledged records is never elected"
            return completion(Refusal(.electionNotNeeded, words))
        }
        guard let preferred = gateway.voters.first, preferred != gateway.node.identity.node else {
            return completion(Refusal(.electionNotNeeded, "the preferred leader leads"))
        }
        guard gateway.canTakeOver(preferred), replica.transferLeadership(to: preferred) == .started else {
            let words = "node \(preferred) cannot take over now: it is away, behind, low on disk space, "
                + "or another one is about to"
            return completion(Refusal(.preferredLeaderNotAvailable, words))
        }
        gateway.add(LeaderTransferWait(call: call, target: preferred, completion: completion))
    }
}

/// The partitions of one ElectLeaders request.
private struct LeaderElection {
    /// By Kafka's numbers.
    enum Kind: Int8 {
        case preferred = 0
        case unclean = 1
    }

    private struct Topic {
        let name: String
        /// With what is wrong with each.
        let partitions: [(number: Int32, refusal: Refusal?)]
    }

    private let topics: [Topic]
    /// All partitions are meant: those that need no election are not told.
    private let isForAll: Bool

    init(_ request: ElectLeadersRequest, _ gateway: KafkaGateway) {
        isForAll = request.topicPartitions == nil
        guard let asked = request.topicPartitions else {
            topics = gateway.broker.topics.map { topic in
                Topic(name: topic.name, partitions: topic.partitions.indices.map { (Int32(clamping: $0), nil) })
            }
            return
        }
        var named = 0
        topics = asked.map { asked in
            let count = gateway.broker.topic(named: asked.name)?.partitions.count ?? 0
            return Topic(name: asked.name, partitions: asked.partitions.map { number in
                named += 1
                if named > gateway.settings.maximumItemsPerRequest { return (number, .tooManyItems) }
                return (number, number >= 0 && Int(number) < count ? nil : .unknownPartition)
            })
        }
    }

    /// Whether any partition that exists is meant.
    var namesPartitions: Bool { topics.contains { $0.partitions.contains { $0.refusal == nil } } }

    /// `outcome` is that of all partitions that exist: nil for success.
    func response(_ outcome: Refusal?) -> ElectLeadersResponse {
        if isForAll, outcome?.code == .electionNotNeeded { return ElectLeadersResponse(replicaElectionResults: []) }
        return ElectLeadersResponse(replicaElectionResults: topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map { number, refusal in
                .init(number, refusal ?? outcome)
            })
        })
    }

    static func failing(_ request: ElectLeadersRequest, _ refusal: Refusal) -> ElectLeadersResponse {
        ElectLeadersResponse(
            errorCode: refusal.code,
            replicaElectionResults: (request.topicPartitions ?? []).map { topic in
                .init(name: topic.name, partitions: topic.partitions.map { .init($0, refusal) })
            })
    }
}

extension ElectLeadersResponse.Partition {
    fileprivate init(_ number: Int32, _ refusal: Refusal?) {
        self.init(partitionId: number, errorCode: refusal?.code ?? .none, errorMessage: refusal?.message)
    }
}
