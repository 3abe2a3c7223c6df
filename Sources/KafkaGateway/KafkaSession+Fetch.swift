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
        if !reader.missing.isEmpty {
            let ticket = reserve(holding: 0)
            return load(reader.missing, for: FetchWait(
                session: self, ticket: ticket, header: header, request: request, deadline: 0))
        }
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
        if !reader.missing.isEmpty { return load(reader.missing, for: fetch) }
        fill(fetch.ticket, reader.response(to: fetch.header, fetch.request))
    }

    /// Answers `fetch` once the rows it needs are there. It finds something then, unless the log has moved on: what is
    /// missing after one round of loading is left to the client's next fetch, so that no request is served for ever.
    private func load(_ missing: [FetchReader.Missing], for fetch: FetchWait) {
        var loaded: [PartitionKey: PartitionRows?] = [:]
        var waiting = missing.count
        for item in missing {
            gateway.replica.loadRows(item.key, at: item.place) { [self] rows in
                loaded.updateValue(rows, forKey: item.key)
                waiting -= 1
                guard waiting == 0, !isClosed else { return }
                var reader = FetchReader(gateway: gateway, loaded: loaded)
                reader.locate(fetch.request)
                fill(fetch.ticket, reader.response(to: fetch.header, fetch.request))
            }
        }
    }
}
