import Bytes
import KafkaWire
import Testing

struct RoundTripTests {
    @Test(arguments: ApiCase.all) func everyVersion(_ api: ApiCase) throws {
        for version in api.versions {
            for seed in 0..<20 {
                try roundTrip(api.request, version: version, seed: seed)
                try roundTrip(api.response, version: version, seed: seed)
            }
        }
    }

    private func roundTrip<Body: KafkaBody & Sampled>(_ type: Body.Type, version: Int16, seed: Int) throws {
        let (sample, bytes) = Body.encoded(TestValues(seed: UInt64(seed)), version: version)
        #expect(try Body.decoded(bytes, version: version) == sample, "\(type) version \(version) seed \(seed)")
    }

    /// A later version's tagged fields must not stop an older reader (KIP-482).
    @Test(arguments: ApiCase.all) func unknownTaggedFieldsAreSkipped(_ api: ApiCase) throws {
        for version in api.versions where version >= SupportedApis[api.key].firstFlexible {
            try skipsUnknownTag(api.request, version: version)
            try skipsUnknownTag(api.response, version: version)
        }
    }

    private func skipsUnknownTag<Body: KafkaBody & Sampled>(_ type: Body.Type, version: Int16) throws {
        // Only a sample without tagged fields of its own ends in a count of zero; in most messages the first one does.
        for seed in 0..<400 {
            let (sample, bytes) = Body.encoded(TestValues(seed: UInt64(seed)), version: version)
            guard bytes[bytes.count - 1] == 0 else { continue }
            let unknown = ByteSlice(bytes.array.dropLast() + [1, 0xff, 0x7f, 3, 9, 9, 9])
            guard let decoded = decodedOrNil(type, unknown, version: version) else { continue }
            #expect(decoded == sample)
            return
        }
        Issue.record("\(type) version \(version): no sample took the unknown field")
    }

    /// A zero at the end need not be the tagged field count: it may end a known tagged field.
    private func decodedOrNil<Body: Sampled & KafkaBody>(
        _ type: Body.Type, _ bytes: ByteSlice, version: Int16
    ) -> Body? {
        do { return try Body.decoded(bytes, version: version) } catch { return nil }
    }

    /// Error 35 is answered in version 0, whatever was asked for (KIP-511).
    @Test func unsupportedApiVersionsIsAlwaysVersionZero() throws {
        for version in Int16(0)...9 {
            var writer = ByteWriter()
            ApiVersionsResponse.unsupportedVersion.encodeFrame(into: &writer, version: version, correlationId: 7)
            let frame = writer.finish().dropFirst(4)
            #expect(frame.count == 4 + 2 + 4 + 6 * SupportedApis.all.count)
            let decoded = try ApiVersionsResponse.decode(frame: frame, version: version)
            #expect(decoded.correlationId == 7)
            #expect(decoded.body == .unsupportedVersion)
        }
    }

    @Test func metadataOfAllTopicsInVersionZeroIsTheEmptyList() throws {
        let all = MetadataRequest(topics: nil)
        #expect(all.encodedBody(version: 0).array == [0, 0, 0, 0])
        #expect(try MetadataRequest.decoded(ByteSlice([0, 0, 0, 0]), version: 0).topics == nil)
        #expect(try MetadataRequest.decoded(ByteSlice([0, 0, 0, 0]), version: 1).topics == [])
    }

    @Test func oneGroupOrMemberIsAListOfOne() throws {
        let fetch = OffsetFetchRequest(groups: [.init(groupId: "g", topics: nil)])
        for version in Int16(2)...9 {
            #expect(try OffsetFetchRequest.decoded(fetch.encodedBody(version: version), version: version) == fetch)
        }
        #expect(throws: DecodeError.badLength(position: 3, length: -1)) {
            try OffsetFetchRequest.decoded(fetch.encodedBody(version: 2), version: 1)
        }
        let fetched = OffsetFetchResponse(groups: [.init(groupId: "", topics: [], errorCode: .notCoordinator)])
        #expect(fetched.encodedBody(version: 1).array == [0, 0, 0, 0])
        #expect(fetched.encodedBody(version: 2).array == [0, 0, 0, 0, 0, 16])
        let leave = LeaveGroupRequest(groupId: "g", members: [.init(memberId: "m")])
        #expect(leave.encodedBody(version: 2).array == [0, 1, 0x67, 0, 1, 0x6d])
        for version in Int16(0)...5 {
            #expect(try LeaveGroupRequest.decoded(leave.encodedBody(version: version), version: version) == leave)
        }
    }

    @Test func requestWithoutTopicsHasEmptyRanges() throws {
        let produce = ProduceRequest(acks: -1, timeoutMs: 5)
        #expect(try ProduceRequest.decoded(produce.encodedBody(version: 9), version: 9).topics.isEmpty)
        var fetch = FetchRequest(maxWaitMs: 1, minBytes: 1)
        fetch.append(topic: ByteSlice(utf8: "a"), partitions: [])
        fetch.append(topic: ByteSlice(utf8: "b"), partitions: [.init(index: 3, fetchOffset: 4, maxBytes: 5)])
        let decoded = try FetchRequest.decoded(fetch.encodedBody(version: 11), version: 11)
        #expect(decoded.topics.map(\.partitions) == [0..<0, 0..<1])
        #expect(decoded.topics.map(\.nameText) == ["a", "b"])
    }
}
