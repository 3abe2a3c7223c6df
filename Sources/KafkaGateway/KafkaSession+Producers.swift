import Broker
import Bytes
import KafkaWire

extension KafkaSession {
    /// InitProducerId (key 22); for idempotent producers: a new id, or the next epoch of a known one (KIP-360). Until
    /// there is a leader the answer is that the coordinator is loading: all clients simply ask again then.
    func initProducerId(_ header: KafkaRequestHeader, _ request: InitProducerIdRequest, frame: ByteSlice) {
        if let refusal = Self.refusal(of: request) { return respond(header, Self.failed(refusal)) }
        let bumping = request.producerId < 0
            ? nil : ProducerIdentity(id: request.producerId, epoch: request.producerEpoch)
        if let name = request.transactionalId {
            return initTransactionalProducer(header, request, name, expected: bumping)
        }
        lead(
            header, frame: frame, timeoutMs: nil,
            execute: { [unowned self] call in
                propose([.allocateProducer(bumping: bumping)], for: call) { outcomes in
                    guard case .applied(.producerAllocated(let identity)) = outcomes[0] else { return call.refuse() }
                    call.answer(InitProducerIdResponse(producerId: identity.id, producerEpoch: identity.epoch))
                }
            },
            refusal: { $0.answer(Self.failed(.coordinatorLoadInProgress)) })
    }

    private static func refusal(of request: InitProducerIdRequest) -> KafkaErrorCode? {
        if request.transactionalId?.isEmpty == true { return .invalidRequest }
        let isPlain = request.producerId == -1 && request.producerEpoch == -1
        let isBump = request.producerId >= 0 && request.producerEpoch >= 0
        return isPlain || isBump ? nil : .invalidRequest
    }

    private static func failed(_ code: KafkaErrorCode) -> InitProducerIdResponse {
        InitProducerIdResponse(errorCode: code, producerEpoch: -1)
    }
}
