import Bytes
import KafkaGateway
import KafkaWire
import Node
import Records

extension FuzzTarget {
    /// An input is a list of requests: a byte for how it arrives, then the counted frame.
    static let kafkaSession = FuzzTarget(
        "kafka-session", "whole Kafka sessions against a node: it answers or hangs up, and goes on",
        maximumLength: 2048, allocationLimit: 32,
        seeds: {
            let requests = sessionRequests
            return requests.map { .joined([request(0, $0)]) } + [.joined(requests.map { request(1, $0) })]
        },
        run: { input in
            let cluster = try TestCluster.ready(node: { $0.cacheBytes = 4096 })
            let first = try cluster.connect()
            try first.create("t", partitions: 2)
            _ = try first.produce(batch(records: 2), to: "t")
            let client = try cluster.connect()
            var choices = ByteReader(input)
            while !choices.isAtEnd {
                let arrival = choices.choice()
                let frame = choices.counted()
                // The connection never hands on an empty frame.
                if frame.isEmpty { continue }
                if arrival & 2 == 0 {
                    client.connection.deliver(frame)
                } else {
                    cluster.gateways[0].node.onForwardedRequest?(frame) { _ in }
                }
                if arrival & 1 == 0 { cluster.settle() }
            }
            cluster.run(milliseconds: 50)
            client.disconnect()
            cluster.run(milliseconds: 20)
            let member = cluster.cluster.members[0]
            require(member.fault == nil, "no client stops a node: \(String(describing: member.fault))")
            require(try first.fetch("t", from: 0).errorCode != .unknownServerError, "another client is served")
            first.disconnect()
        })

    private static func request(_ arrival: UInt8, _ frame: ByteSlice) -> ByteSlice {
        .joined([ByteSlice([arrival]), frame.counted])
    }

    private static var sessionRequests: [ByteSlice] {
        let topic = CreateTopicsRequest.Topic(
            name: "u", numPartitions: 1, replicationFactor: -1, assignments: [],
            configs: [.init(name: "message.timestamp.type", value: "LogAppendTime")])
        return [
            frame(ApiVersionsRequest()), frame(CreateTopicsRequest(topics: [topic])),
            frame(ProduceRequest.one(batch(records: 2), to: "t")),
            frame(ProduceRequest.one(batch(records: 2), to: "t", acks: 0)),
            frame(ProduceRequest.one(batch(records: 3, producer: 0), to: "t", partition: 1)),
            frame(FetchRequest.one("t", from: 0)), frame(FetchRequest.one("t", from: 2, maxWaitMs: 20)),
            frame(heartbeat(epoch: 0)), frame(heartbeat(epoch: 1)), frame(heartbeat(epoch: -1)),
            frame(ListOffsetsRequest.one(-1, in: "t")), frame(ListOffsetsRequest.one(1000, in: "t")),
        ] + ApiCase.all.map { api in
            let header = KafkaRequestHeader(apiKey: api.key, apiVersion: api.versions.upperBound, correlationId: 3)
            return .joined([
                ByteWriter.bytes { header.encode(into: &$0) },
                api.request.encodedBytes(TestValues(counting: 1), version: api.versions.upperBound),
            ])
        }
    }

    private static func heartbeat(epoch: Int32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest(
            groupId: "g", memberId: "a", memberEpoch: epoch, rebalanceTimeoutMs: 1_000, subscribedTopicNames: ["t"],
            topicPartitions: [])
    }

    private static func frame(_ request: some KafkaRequestBody) -> ByteSlice {
        ByteWriter.bytes {
            request.encodeFrame(into: &$0, version: request.newestVersion, correlationId: 9)
        }.dropFirst(4)
    }
}
