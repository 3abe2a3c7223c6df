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
        if !reader.missing.isEmpty { return load(reader.missing, reserve(holding: 0), header, request) }
        let mayWait = request.maxWaitMs > 0 && !request.partitions.isEmpty
        if !mayWait || reader.isSatisfied(by: request) {
            return send(reader, reserve(holding: 0), header, request)
        }
        let deadline = gateway.node.clock.monotonicNanoseconds + UInt64(request.maxWaitMs) * 1_000_000
        gateway.add(FetchWait(
            session: self, ticket: reserve(holding: 0), header: header, request: request, deadline: deadline))
    }

    func complete(_ fetch: FetchWait) {
        guard !isClosed else { return }
        var reader = FetchReader(gateway: gateway)
        reader.locate(fetch.request)
        if !reader.missing.isEmpty { return load(reader.missing, fetch.ticket, fetch.header, fetch.request) }
        answer(reader, fetch.ticket, fetch.header, fetch.request)
    }

    private func answer(
        _ reader: FetchReader, _ ticket: ResponseQueue.Ticket, _ header: KafkaRequestHeader, _ request: FetchRequest
    ) {
        if reader.isOutOfRange { return confirmRange(ticket, header, request) }
        send(reader, ticket, header, request)
    }

    /// Sends what was found, when what of it is on disk has been verified.
    private func send(
        _ reader: FetchReader, _ ticket: ResponseQueue.Ticket, _ header: KafkaRequestHeader, _ request: FetchRequest
    ) {
        responses.hold(ticket, bytes: reader.bytes)
        replica.open(reader.ranges) { [self] read in
            guard !isClosed else { return }
            let throttle = chargeFetch(reader.bytes)
            fill(ticket, reader.response(to: header, request, read, throttleTimeMs: throttle))
        }
    }

    /// Answers once the rows that the fetch needs are there. It finds something then, unless the log has moved on: what
    /// is missing after one round of loading is left to the client's next fetch, so that none is served for ever.
    private func load(
        _ missing: [FetchReader.Missing], _ ticket: ResponseQueue.Ticket, _ header: KafkaRequestHeader,
        _ request: FetchRequest
    ) {
        var loaded: [PartitionKey: PartitionRows?] = [:]
        var waiting = missing.count
        for item in missing {
            gateway.replica.loadRows(item.key, at: item.place) { [self] rows in
                loaded.updateValue(rows, forKey: item.key)
                waiting -= 1
                guard waiting == 0, !isClosed else { return }
                var reader = FetchReader(gateway: gateway, loaded: loaded)
                reader.locate(request)
                answer(reader, ticket, header, request)
            }
        }
    }

    /// A consumer that is told its offset is out of range begins again somewhere else. A leader that was deposed and
    /// does not know it yet must not tell that to one who has read further at its successor: so it makes sure first.
    private func confirmRange(_ ticket: ResponseQueue.Ticket, _ header: KafkaRequestHeader, _ request: FetchRequest) {
        replica.readBarrier { [self] isCurrent in
            guard !isClosed else { return }
            var reader = FetchReader(gateway: gateway)
            reader.locate(request)
            if !isCurrent { reader.disown() }
            send(reader, ticket, header, request)
        }
    }
}
