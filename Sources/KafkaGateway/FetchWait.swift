import Broker
import KafkaWire

/// A fetch that waits for `minBytes` or its deadline.
final class FetchWait {
    let session: KafkaSession
    let ticket: ResponseQueue.Ticket
    let header: KafkaRequestHeader
    let request: FetchRequest
    /// Monotonic nanoseconds.
    let deadline: UInt64
    private var watched: [Watched] = []

    /// A partition it waits for, and where that ended when it was looked at last.
    private struct Watched {
        let key: PartitionKey
        let offset: Int64
        var end: Int64
    }

    /// None of the request's partitions is in error now.
    init(
        session: KafkaSession, ticket: ResponseQueue.Ticket, header: KafkaRequestHeader, request: FetchRequest,
        deadline: UInt64
    ) {
        self.session = session
        self.ticket = ticket
        self.header = header
        self.request = request
        self.deadline = deadline
        let broker = session.gateway.broker
        for topic in request.topics {
            guard let number = broker.topicNumber(of: topic) else { continue }
            for partition in request.partitions[topic.partitions] {
                let key = PartitionKey(topic: number, partition: UInt32(bitPattern: partition.index))
                let end = broker.partition(key)?.end(request) ?? -1
                watched.append(Watched(key: key, offset: partition.fetchOffset, end: end))
            }
        }
    }

    /// Called on every turn in which something was applied, for every fetch that waits: the log is searched only if one
    /// of its own partitions has changed.
    func isSatisfied(by gateway: KafkaGateway) -> Bool {
        guard hasNews(gateway.broker) else { return false }
        var reader = FetchReader(gateway: gateway)
        reader.locate(request)
        return reader.isSatisfied(by: request)
    }

    private func hasNews(_ broker: Broker) -> Bool {
        var hasNews = false
        for position in watched.indices {
            guard let state = broker.partition(watched[position].key) else { return true }
            let end = state.end(request)
            if end != watched[position].end || state.logStartOffset > watched[position].offset {
                watched[position].end = end
                hasNews = true
            }
        }
        return hasNews
    }
}

extension PartitionState {
    /// How far this fetch may read.
    fileprivate func end(_ request: FetchRequest) -> Int64 {
        request.isReadCommitted ? lastStableOffset : endOffset
    }
}
