import Broker
import Bytes
import Node
import Ports
import SystemIO

extension HoldfastServer {
    /// The admin port: JSON or Prometheus text; POST only where the members are changed.
    func answerAdmin(_ request: HTTPRequest, _ reply: HTTPReply) {
        if request.path.hasPrefix("/cluster/") {
            guard request.method == "POST" else {
                return reply.send(.text("\(request.path) takes POST\n", status: 405))
            }
            return answerMembership(request.path, request.body) { reply.send($0) }
        }
        guard request.method != "POST" else { return reply.send(.text("\(request.path) takes GET\n", status: 405)) }
        if request.path == "/outcome" { return answerOutcome(request) { reply.send($0) } }
        reply.send(answerAdmin(request))
    }

    private func answerAdmin(_ request: HTTPRequest) -> HTTPResponse {
        switch request.path {
        case "/health/live": .text("alive\n")
        case "/health/ready": readiness
        case "/status": .json(statusDocument.encoded + "\n")
        case "/metrics":
            HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: ByteSlice(utf8: metricsText))
        case "/": .text("holdfast node \(configuration.node): /status /metrics /outcome /health/live /health/ready\n")
        default: .notFound
        }
    }

    /// A node that is low on space is ready: consumers read from it, and what makes room is asked of it.
    private var readiness: HTTPResponse {
        let status = node.status
        let word = status.isReady ? "ready" : "not ready"
        var alarm = ""
        if let disk = status.diskSpace, disk.isLow {
            alarm += "; disk low: \(disk.space.free) of \(disk.space.total) bytes are free"
        }
        if status.isIntakeStopped { alarm += "; no records are taken until disks have room" }
        return .text(word + alarm + "\n", status: status.isReady ? 200 : 503)
    }

    private func document(_ disk: SpaceReport) -> JSONValue {
        .object([
            ("free", number(disk.space.free)), ("total", number(disk.space.total)),
            ("minimum", number(configuration.minimumFreeBytes)), ("low", .bool(disk.isLow)),
        ])
    }

    private var statusDocument: JSONValue {
        let status = node.status
        let followers = status.followers.map { follower in
            JSONValue.object([
                ("node", number(follower.node.rawValue)), ("matched", number(follower.matchedIndex)),
                ("lag", number(status.lastIndex - min(follower.matchedIndex, status.lastIndex))),
                ("connected", .bool(follower.isConnected)),
            ])
        }
        let topics = node.replica.broker.topics.map { topic in
            JSONValue.object([
                ("name", .string(topic.name)), ("partitions", number(topic.partitions.count)),
                ("records", number(topic.partitions.reduce(0) { $0 + $1.endOffset - $1.logStartOffset })),
                ("bytes", number(topic.partitions.reduce(0) { $0 + $1.byteCount })),
                ("copies", number(max(topic.settings.minimumInsyncReplicas, status.voters.count / 2 + 1))),
                ("leaderAcks", .bool(topic.settings.allowsLeaderAcks)),
                ("flush", .string(topic.settings.flushesLater ? "async" : "sync")),
            ])
        }
        return .object([
            ("cluster", .string("\(node.identity.cluster)")), ("node", number(status.node.rawValue)),
            ("role", .string("\(status.role)")), ("term", number(status.term)),
            ("leader", status.leader.map { number($0.rawValue) } ?? .null),
            ("ready", .bool(status.isReady)), ("rejoining", .bool(status.isRejoining)),
            ("disk", status.diskSpace.map(document) ?? .null),
            ("intakeStopped", .bool(status.isIntakeStopped)), ("first", number(status.firstIndex)),
            ("last", number(status.lastIndex)), ("flushed", number(status.flushedIndex)),
            ("commit", number(status.commitIndex)), ("applied", number(status.appliedIndex)),
            ("snapshot", number(status.snapshotIndex)),
            ("voters", .array(status.voters.map { number($0.rawValue) })),
            ("learners", .array(status.learners.map { number($0.rawValue) })),
            ("configuration", number(status.configurationIndex)), ("member", .bool(status.isMember)),
            ("inTouch", number(node.replica.votersInTouch)), ("followers", .array(followers)),
            ("topics", .array(topics)), ("groups", groupsDocument),
            ("kafka", .string("\(configuration.kafkaListen)")),
            ("connections", number(gateway.sessionCount)),
            ("resident", number(ProcessMetrics.residentBytes ?? 0)),
        ])
    }

    private func number(_ value: some BinaryInteger) -> JSONValue { .integer(Int64(clamping: value)) }
}
