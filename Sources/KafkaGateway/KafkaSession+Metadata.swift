import Broker
import Bytes
import KafkaWire
import Node

extension KafkaSession {
    /// Metadata (key 3), from what this node has applied. Topics that do not exist are created first if the client and
    /// the configuration allow it, which is the leader's business.
    func metadata(_ header: KafkaRequestHeader, _ request: MetadataRequest, frame: ByteSlice) {
        if isToLookElsewhere() { return close(reason: "no leader known here; the other nodes may know one") }
        let missing = topicsToCreate(request)
        let describer = MetadataDescriber(gateway: gateway, version: header.apiVersion, request: request)
        // While there is no leader clients learn about everything else at once; they ask again soon.
        guard !missing.isEmpty, replica.leader != nil else {
            return respond(header, describer.response(missing: missing, as: .leaderNotAvailable))
        }
        lead(
            header, frame: frame, timeoutMs: nil,
            execute: { [unowned self] call in
                self.createMissing(missing, for: call, describer)
            },
            refusal: { $0.answer(describer.response(missing: missing, as: .leaderNotAvailable)) })
    }

    /// Clients ask the node they are connected to for metadata again and again, so a node that is cut off from the
    /// others would hold its clients for as long as that lasts, though a majority serves: librdkafka 2.16 did so for
    /// 30 s. The first answer without a leader still names the nodes; a client that asks again once an election should
    /// be over loses the connection and tries another node.
    private func isToLookElsewhere() -> Bool {
        guard !isForwarded, replica.leader == nil else {
            wasToldOfNoLeader = false
            return false
        }
        if wasToldOfNoLeader { return gateway.isLeftAlone }
        wasToldOfNoLeader = true
        return false
    }

    private func createMissing(_ names: [String], for call: LeaderCall, _ describer: MetadataDescriber) {
        let partitions = UInt32(clamping: max(gateway.settings.defaultPartitions, 1))
        let commands = names.map {
            Command.createTopic(name: $0, id: gateway.newTopicID(), partitionCount: partitions, configs: [])
        }
        propose(commands, for: call) { outcomes in
            var refused: [String: KafkaErrorCode] = [:]
            for (name, outcome) in zip(names, outcomes) {
                switch outcome {
                case .applied(.refused(.topicExists)): break
                case .applied(.refused(let error)): refused[name] = KafkaErrorCode(error)
                case .applied: break
                case .notLeading, .timedOut: refused[name] = .leaderNotAvailable
                }
            }
            call.answer(describer.response(errors: refused))
        }
    }

    /// Legal names of topics that do not exist, each once, up to the bound.
    private func topicsToCreate(_ request: MetadataRequest) -> [String] {
        guard gateway.settings.autoCreateTopics, request.allowAutoTopicCreation, let topics = request.topics else {
            return []
        }
        var seen: Set<String> = []
        var missing: [String] = []
        for topic in topics {
            guard let name = topic.name, gateway.broker.topicNumber(named: name) == nil else { continue }
            guard TopicName.fault(of: name) == nil, seen.insert(name).inserted else { continue }
            missing.append(name)
            if missing.count == gateway.settings.maximumItemsPerRequest { break }
        }
        return missing
    }
}
