import Bytes
import KafkaWire
import Testing

/// Frames made by kafka-python, every served version of every API.
struct GoldenFrameTests {
    static let requests = inOrder(
        goldenRequests + goldenGroupRequests + goldenAdminRequests + goldenConsumerGroupRequests
            + goldenTransactionRequests + goldenPlacementRequests)
    static let responses = inOrder(
        goldenResponses + goldenGroupResponses + goldenAdminResponses + goldenConsumerGroupResponses
            + goldenTransactionResponses + goldenPlacementResponses)

    private static func inOrder(_ frames: [GoldenFrame]) -> [GoldenFrame] {
        frames.sorted { ($0.key.rawValue, $0.version) < ($1.key.rawValue, $1.version) }
    }

    @Test func everyServedVersionIsThere() {
        let served = ApiCase.all.flatMap { api in api.versions.map { "\(api.key) \($0)" } }
        #expect(Self.requests.map { "\($0.key) \($0.version)" } == served)
        #expect(Self.responses.map { "\($0.key) \($0.version)" } == served)
    }

    @Test(arguments: requests) func request(_ golden: GoldenFrame) throws {
        try check(golden, ApiCase[golden.key].request)
    }

    @Test(arguments: responses) func response(_ golden: GoldenFrame) throws {
        try check(golden, ApiCase[golden.key].response)
    }

    private func check<Body: KafkaRequestBody & Sampled>(_ golden: GoldenFrame, _ type: Body.Type) throws {
        let sample = Body.encoded(TestValues(counting: golden.start), version: golden.version).sample
        let clientId = golden.version % 3 == 0 ? nil : ByteSlice(utf8: "client-\(golden.version)")
        let header = KafkaRequestHeader(
            apiKey: golden.key, apiVersion: golden.version, correlationId: 1000 + Int32(golden.version),
            clientId: clientId)
        let request = try KafkaRequest.decode(frame: golden.bytes)
        #expect(request.header == header)
        #expect(request.anyBody as? Body == sample)
        var writer = ByteWriter()
        sample.encodeFrame(
            into: &writer, version: golden.version, correlationId: header.correlationId, clientId: clientId)
        let frame = writer.finish()
        #expect(frame.load(0, as: Int32.self) == Int32(golden.bytes.count))
        #expect(frame.dropFirst(4).array == golden.bytes.array)
    }

    private func check<Body: KafkaResponseBody & Sampled>(_ golden: GoldenFrame, _ type: Body.Type) throws {
        let sample = Body.encoded(TestValues(counting: golden.start), version: golden.version).sample
        let decoded = try Body.decode(frame: golden.bytes, version: golden.version)
        #expect(decoded.correlationId == 1000 + Int32(golden.version))
        #expect(decoded.body == sample)
        var writer = ByteWriter()
        sample.encodeFrame(into: &writer, version: golden.version, correlationId: 1000 + Int32(golden.version))
        let frame = writer.finish()
        #expect(frame.load(0, as: Int32.self) == Int32(golden.bytes.count))
        #expect(frame.dropFirst(4).array == golden.bytes.array)
    }
}
