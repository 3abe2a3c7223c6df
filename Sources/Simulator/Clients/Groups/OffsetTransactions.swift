import KafkaWire

/// Commits a member's offsets by transactions, as consume-process-produce does (KIP-447). Some are aborted: then the
/// member begins again where it was.
final class OffsetTransactions: KafkaClient {
    private unowned let member: GroupMemberClient
    private let transactionalId: String
    private var identity: TransactionHistory.Identity?
    private var isBusy = false
    private var finish: () -> Void = {}

    init(_ member: GroupMemberClient, random: SimulationRandom) {
        self.member = member
        transactionalId = "\(member.group.name) \(member.name)"
        super.init(name: "\(member.name)'s transactions", simulation: member.simulation, random: random)
    }

    private var group: SimulatedGroup { member.group }

    /// `then` is called when it has ended one way or another, or at once while another is under way.
    func commit(_ then: @escaping () -> Void) {
        if isBusy { return then() }
        isBusy = true
        finish = then
        if identity == nil { initialize() } else { addOffsets() }
    }

    private func end() {
        isBusy = false
        finish()
    }

    /// Asks until there is an answer that lasts.
    private func ask<Response: KafkaResponseBody>(
        _ request: some KafkaRequestBody, as type: Response.Type, code: @escaping (Response) -> KafkaErrorCode,
        then: @escaping (Response, KafkaErrorCode) -> Void
    ) {
        askLeader(request, as: type, while: { [unowned self] in !self.member.isEnded }, code: code) {
            [unowned self] response, code in
            self.member.whenAwake { then(response, code) }
        }
    }

    private func initialize() {
        let request = InitProducerIdRequest(
            transactionalId: transactionalId, transactionTimeoutMs: Int32(random.between(500...3000)))
        ask(request, as: InitProducerIdResponse.self, code: { $0.errorCode }, then: { [unowned self] response, code in
            guard code == .none else { return self.simulation.fail("\(self.name): InitProducerId: \(code.name)") }
            self.identity = .init(id: response.producerId, epoch: response.producerEpoch)
            self.addOffsets()
        })
    }

    private func addOffsets() {
        guard let identity else { return end() }
        let request = AddOffsetsToTxnRequest(
            transactionalId: transactionalId, producerId: identity.id, producerEpoch: identity.epoch,
            groupId: group.name)
        ask(request, as: AddOffsetsToTxnResponse.self, code: { $0.errorCode }, then: { [unowned self] _, code in
            if self.isOut(code, "AddOffsetsToTxn", []) { return }
            self.sendOffsets()
        })
    }

    private func sendOffsets() {
        guard let identity else { return end() }
        let attempts = member.attempts(inTransaction: true)
        guard let claim = attempts.first?.claim else { return endTransaction(attempts, commits: false) }
        let request = TxnOffsetCommitRequest(
            transactionalId: transactionalId, groupId: group.name, producerId: identity.id,
            producerEpoch: identity.epoch, generationId: claim.generation, memberId: claim.member,
            groupInstanceId: claim.instance,
            topics: [
                .init(
                    name: group.topic,
                    partitions: attempts.map {
                        .init(partitionIndex: Int32($0.partition), committedOffset: $0.offset)
                    })
            ])
        let code = { (response: TxnOffsetCommitResponse) in
            let codes = response.topics.flatMap { $0.partitions.map(\.errorCode) }
            return codes.first { $0.isError } ?? .none
        }
        ask(request, as: TxnOffsetCommitResponse.self, code: code) { [unowned self] _, code in
            switch code {
            case .illegalGeneration, .unknownMemberId, .fencedInstanceId, .rebalanceInProgress:
                if attempts.contains(where: { $0.objection != nil }) {
                    self.simulation.coverage[.staleCommitRefused] += 1
                }
                // The membership hears of it from the coordinator in time.
                self.endTransaction(attempts, commits: false)
            default:
                if self.isOut(code, "TxnOffsetCommit", attempts) { return }
                for attempt in attempts {
                    if let wrong = self.member.history.accepted(attempt) { return self.member.fail(wrong) }
                }
                self.linger { [unowned self] in
                    self.endTransaction(attempts, commits: self.random.chance(perMille: 700))
                }
            }
        }
    }

    /// Some transactions stay open for a while. Whoever asks for stable offsets then must be told to wait.
    private func linger(_ then: @escaping () -> Void) {
        guard group.plan.lingeringPerMille > 0, !group.isClosing,
            random.chance(perMille: group.plan.lingeringPerMille), let leader
        else { return then() }
        group.offsets.ask(by: self, at: leader) { [unowned self] _ in
            self.member.later(self.random.between(0...300_000), then)
        }
    }

    private func endTransaction(_ attempts: [GroupHistory.Attempt], commits: Bool) {
        guard let identity else { return end() }
        if commits { for attempt in attempts { member.history.asked(attempt) } }
        let request = EndTxnRequest(
            transactionalId: transactionalId, producerId: identity.id, producerEpoch: identity.epoch,
            committed: commits)
        ask(request, as: EndTxnResponse.self, code: { $0.errorCode }, then: { [unowned self] _, code in
            if self.isOut(code, "EndTxn", attempts) { return }
            if commits {
                self.simulation.coverage[.groupTransactionCommitted] += 1
                for attempt in attempts {
                    if let wrong = self.member.history.ended(attempt) { return self.member.fail(wrong) }
                }
                self.member.committed(attempts)
            } else {
                self.simulation.coverage[.groupTransactionAborted] += 1
                self.member.goBack(attempts)
            }
            self.end()
        })
    }

    /// It took too long, and was aborted; unless it had been committed and nobody could say so.
    private func isOut(_ code: KafkaErrorCode, _ what: String, _ attempts: [GroupHistory.Attempt]) -> Bool {
        switch code {
        case .none: return false
        case .producerFenced, .invalidProducerEpoch, .invalidProducerIdMapping, .invalidTxnState:
            simulation.note(name, "is out", "\(what): \(code.name)")
            identity = nil
            member.goBack(attempts)
            end()
        default: simulation.fail("\(name): \(what) was refused with \(code.name)")
        }
        return true
    }
}
