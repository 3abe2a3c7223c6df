import Bytes
import KafkaWire

extension FuzzTarget {
    static let kafkaRequest = FuzzTarget(
        "kafka-request", "Kafka requests of every API and version; they survive encoding and decoding",
        seeds: {
            samples { api, version, values in
                let header = KafkaRequestHeader(
                    apiKey: api.key, apiVersion: version, correlationId: 7, clientId: ByteSlice(utf8: "fuzz"))
                return .joined([
                    ByteWriter.bytes { header.encode(into: &$0) }, api.request.encodedBytes(values, version: version),
                ])
            }
        },
        run: { input in
            guard let request = accepted({ try KafkaRequest.decode(frame: input) }) else { return }
            let again = ByteWriter.bytes {
                request.header.encode(into: &$0)
                request.anyBody.encode(into: &$0, version: request.header.apiVersion)
            }
            require(try KafkaRequest.decode(frame: again) == request, "\(request) survives encoding")
        })

    static let kafkaResponse = FuzzTarget(
        "kafka-response", "Kafka responses as the client library reads them; they survive encoding and decoding",
        seeds: {
            samples { api, version, values in
                let place = ApiCase.all.firstIndex { $0.key == api.key } ?? 0
                return .joined([
                    ByteSlice([UInt8(place), UInt8(version - api.versions.lowerBound)]),
                    api.response.encodedBytes(values, version: version),
                ])
            }
        },
        run: { input in
            var choices = ByteReader(input)
            let api = ApiCase.all[choices.choice() % ApiCase.all.count]
            let version = api.versions.lowerBound + Int16(choices.choice() % api.versions.count)
            try reread(api.response, choices.part(choices.remaining).detached(), version: version)
        })

    private static func reread<Body: KafkaResponseBody & Sampled>(
        _ type: Body.Type, _ bytes: ByteSlice, version: Int16
    ) throws {
        guard let body = accepted({ try Body.decoded(bytes, version: version) }) else { return }
        let again = try Body.decoded(body.encodedBody(version: version), version: version)
        require(again == body, "\(body) survives encoding in version \(version)")
    }

    /// One input for every API and version, and a random one.
    private static func samples(_ make: (ApiCase, Int16, TestValues) -> ByteSlice) -> [ByteSlice] {
        ApiCase.all.flatMap { api in
            api.versions.flatMap { version in
                [TestValues(counting: 1), TestValues(seed: UInt64(version))].map { make(api, version, $0) }
            }
        }
    }

    static let consumerProtocol = FuzzTarget(
        "consumer-protocol", "what classic consumers tell each other; it survives encoding and decoding",
        seeds: {
            let partitions = [ConsumerProtocolPartitions(topic: "t", partitions: [0, 3])]
            let subscriptions = (0...ConsumerProtocolSubscription.newestVersion).map {
                ConsumerProtocolSubscription(
                    version: $0, topics: ["t", "u"], ownedPartitions: partitions, rackId: "r"
                ).encoded()
            }
            return subscriptions + [ConsumerProtocolAssignment(version: 1, partitions: partitions).encoded()]
        },
        run: { input in
            if let subscription = accepted({ try ConsumerProtocolSubscription(from: input) }) {
                let again = try ConsumerProtocolSubscription(from: subscription.encoded())
                require(again == subscription, "\(subscription) survives encoding")
            }
            if let assignment = accepted({ try ConsumerProtocolAssignment(from: input) }) {
                let again = try ConsumerProtocolAssignment(from: assignment.encoded())
                require(again.partitions == assignment.partitions, "\(assignment) survives encoding")
            }
        })

    static let frameStream = FuzzTarget(
        "frame-stream", "a stream of length-prefixed frames, the same frames however it is cut into pieces",
        seeds: { [.joined([ByteSlice([3, 0, 0, 0, 1, 9, 0, 0, 0, 2, 8, 7])])] },
        run: { input in
            var choices = ByteReader(input)
            let step = choices.choice() + 1
            let stream = choices.part(choices.remaining)
            let whole = frames(of: stream, step: max(stream.count, 1))
            require(frames(of: stream, step: step) == whole, "pieces of \(step) bytes give the same frames")
        })

    /// The frames, and whether the stream went wrong after them.
    private static func frames(of stream: ByteSlice, step: Int) -> [[UInt8]?] {
        var assembler = FrameAssembler(maximumFrame: 1 << 20, bufferSize: 64)
        var found: [[UInt8]?] = []
        var rest = ByteReader(stream)
        while !rest.isAtEnd {
            assembler.append(rest.part(step))
            do {
                while let frame = try assembler.next() { found.append(frame.array) }
            } catch {
                return found + [nil]
            }
        }
        return found
    }
}
