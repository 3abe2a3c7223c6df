import Broker
import KafkaWire
import Node

extension KafkaSession {
    /// DeleteRecords (key 21, KIP-107). The leader makes sure that it still is one: it may refuse an offset as beyond
    /// the end only if it knows the end.
    func deleteRecords(_ header: KafkaRequestHeader, _ request: DeleteRecordsRequest) {
        guard replica.admission != nil else {
            return respond(header, DeleteRecordsResponse(failing: request, .notLeaderOrFollower))
        }
        let ticket = reserve(holding: 0)
        let timeout = UInt64(max(request.timeoutMs, 1)) * 1_000_000
        let deadline = gateway.node.clock.monotonicNanoseconds + timeout
        replica.readBarrier { [self] isCurrent in
            guard isCurrent, !isClosed, replica.admission != nil else {
                return fill(ticket, header, DeleteRecordsResponse(failing: request, .notLeaderOrFollower))
            }
            let deletion = RecordDeletion(request, gateway)
            let batch = CommandBatch(count: deletion.commands.count, deadline: deadline) { [self] outcomes in
                fill(ticket, header, deletion.response(outcomes))
            }
            batch.propose(deletion.commands, to: replica)
            if !batch.isComplete { gateway.add(batch) }
        }
    }
}

/// One DeleteRecords request: what is known at once, and the commands for the rest.
private struct RecordDeletion {
    private enum Step {
        case answered(DeleteRecordsResponse.Partition)
        /// The command at this place decides.
        case proposed(Int32, command: Int)
    }

    private var topics: [(name: String, steps: [Step])] = []
    private(set) var commands: [Command] = []

    init(_ request: DeleteRecordsRequest, _ gateway: KafkaGateway) {
        var named = 0
        for topic in request.topics {
            let found = gateway.broker.topic(named: topic.name)
            var steps: [Step] = []
            for asked in topic.partitions {
                named += 1
                steps.append(
                    named > gateway.settings.maximumItemsPerRequest
                        ? .answered(.init(failing: asked.partitionIndex, .policyViolation)) : step(asked, of: found))
            }
            topics.append((topic.name, steps))
        }
    }

    private mutating func step(_ asked: DeleteRecordsRequest.Partition, of topic: Topic?) -> Step {
        let index = asked.partitionIndex
        guard let topic, index >= 0, Int(index) < topic.partitions.count else {
            return .answered(.init(failing: index, .unknownTopicOrPartition))
        }
        // As Kafka: what is only to be compacted is not cut off.
        if topic.settings.compacts, !topic.settings.deletesOldRecords {
            return .answered(.init(failing: index, .policyViolation))
        }
        let state = topic.partitions[Int(index)]
        // The end of what is committed now: what is on its way stays.
        let target = asked.offset == -1 ? state.endOffset : asked.offset
        if target < 0 || target > state.endOffset { return .answered(.init(failing: index, .offsetOutOfRange)) }
        // Answered from what is applied, so that asking again and again does not fill the log.
        if target <= state.logStartOffset {
            return .answered(.init(partitionIndex: index, lowWatermark: state.logStartOffset))
        }
        commands.append(.deleteRecords(PartitionKey(topic: topic.number, partition: UInt32(index)), before: target))
        return .proposed(index, command: commands.count - 1)
    }

    func response(_ outcomes: [CommandBatch.Outcome]) -> DeleteRecordsResponse {
        DeleteRecordsResponse(topics: topics.map { name, steps in
            .init(name: name, partitions: steps.map { step in
                switch step {
                case .answered(let answer): answer
                case .proposed(let index, let command): Self.answer(index, outcomes[command])
                }
            })
        })
    }

    private static func answer(_ index: Int32, _ outcome: CommandBatch.Outcome) -> DeleteRecordsResponse.Partition {
        switch outcome {
        case .applied(.recordsDeleted(let logStart)): .init(partitionIndex: index, lowWatermark: logStart)
        case .applied(.refused(let error)): .init(failing: index, KafkaErrorCode(error))
        case .applied(let other): preconditionFailure("deleting records was answered with \(other)")
        case .notLeading: .init(failing: index, .notLeaderOrFollower)
        case .timedOut: .init(failing: index, .requestTimedOut)
        }
    }
}

extension DeleteRecordsResponse {
    fileprivate init(failing request: DeleteRecordsRequest, _ code: KafkaErrorCode) {
        self.init(topics: request.topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map { .init(failing: $0.partitionIndex, code) })
        })
    }
}

extension DeleteRecordsResponse.Partition {
    fileprivate init(failing index: Int32, _ code: KafkaErrorCode) {
        self.init(partitionIndex: index, lowWatermark: -1, errorCode: code)
    }
}
