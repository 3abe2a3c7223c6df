import Broker
import Bytes
import KafkaWire
import Node

/// A fetch that waits for `minBytes` or its deadline.
final class FetchWait {
    let session: KafkaSession
    let ticket: ResponseQueue.Ticket
    let header: KafkaRequestHeader
    let request: FetchRequest
    /// Monotonic nanoseconds.
    let deadline: UInt64

    init(
        session: KafkaSession, ticket: ResponseQueue.Ticket, header: KafkaRequestHeader, request: FetchRequest,
        deadline: UInt64
    ) {
        self.session = session
        self.ticket = ticket
        self.header = header
        self.request = request
        self.deadline = deadline
    }

    func isSatisfied(by gateway: KafkaGateway) -> Bool {
        var reader = FetchReader(gateway: gateway)
        reader.locate(request)
        return reader.isSatisfied(minimum: Int(request.minBytes))
    }
}

extension KafkaSession {
    /// Fetch (key 1). Served by the leader from what is committed and applied; waits up to `maxWaitMs` for `minBytes`.
    /// Fetch sessions (KIP-227) are declined with session id 0.
    func fetch(_ header: KafkaRequestHeader, _ request: FetchRequest) {
        var reader = FetchReader(gateway: gateway)
        reader.locate(request)
        let mayWait = request.maxWaitMs > 0 && request.minBytes > 0
        if !mayWait || reader.isSatisfied(minimum: Int(request.minBytes)) {
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
