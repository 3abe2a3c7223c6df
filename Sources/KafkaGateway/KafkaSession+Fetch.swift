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
        fill(fetch.ticket, reader.response(to: fetch.header, fetch.request))
    }
}
