import Broker
import Bytes
import KafkaWire
import Node

extension KafkaSession {
    /// Fetch (key 1). Served by the leader from what is committed and applied; waits up to `maxWaitMs` for `minBytes`.
    /// Fetch sessions (KIP-227) are declined with session id 0.
    func fetch(_ header: KafkaRequestHeader, _ request: FetchRequest) {
        // Epoch 0 asks for a session, -1 wants none; anything else continues one, and there is none to continue.
        if request.sessionId != 0 || request.sessionEpoch > 0 {
            return respond(header, FetchResponse(errorCode: .fetchSessionIdNotFound))
        }
        var reader = FetchReader(gateway: gateway)
        reader.locate(request)
        if reader.isOutOfRange { return confirmRange(reserve(holding: 0), header, request) }
        let mayWait = request.maxWaitMs > 0 && !request.partitions.isEmpty
        if !mayWait || reader.isSatisfied(by: request) {
            _ = responses.add(.ready(reader.response(to: header, request)))
            return markDirty()
        }
        let deadline = gateway.node.clock.monotonicNanoseconds + UInt64(request.maxWaitMs) * 1_000_000
        gateway.add(FetchWait(
            session: self, ticket: reserve(holding: 0), header: header, request: request, deadline: deadline))
    }

    func complete(_ fetch: FetchWait) {
        guard !isClosed else { return }
        var reader = FetchReader(gateway: gateway)
        reader.locate(fetch.request)
        if reader.isOutOfRange { return confirmRange(fetch.ticket, fetch.header, fetch.request) }
        fill(fetch.ticket, reader.response(to: fetch.header, fetch.request))
    }

    /// A consumer that is told its offset is out of range begins again somewhere else. A leader that was deposed and
    /// does not know it yet must not tell that to one who has read further at its successor: so it makes sure first.
    private func confirmRange(_ ticket: ResponseQueue.Ticket, _ header: KafkaRequestHeader, _ request: FetchRequest) {
        replica.readBarrier { [self] isCurrent in
            guard !isClosed else { return }
            var reader = FetchReader(gateway: gateway)
            reader.locate(request)
            if !isCurrent { reader.disown() }
            fill(ticket, reader.response(to: header, request))
        }
    }
}
