import Bytes
import KafkaWire
import Testing

struct RequestDecodingTests {
    private func frame(key: Int16, version: Int16, body: [UInt8] = []) -> ByteSlice {
        var writer = ByteWriter()
        writer.int16(key)
        writer.int16(version)
        writer.int32(77)
        writer.kafkaNullableString("me", flexible: false)
        writer.bytes(body)
        return writer.finish()
    }

    @Test func unknownApi() {
        for key: Int16 in [-1, 4, 27, 59, 71, .max, .min] {
            #expect(throws: KafkaRequestError.unknownApi(key: key, version: 1, correlationId: 77)) {
                try KafkaRequest.decode(frame: frame(key: key, version: 1))
            }
        }
    }

    @Test(arguments: SupportedApis.all) func unsupportedVersions(_ api: SupportedApi) {
        for version in [api.minimumServed - 1, api.maximum + 1, .max, .min] {
            let header = KafkaRequestHeader(
                apiKey: api.key, apiVersion: version, correlationId: 77, clientId: ByteSlice(utf8: "me"))
            #expect(throws: KafkaRequestError.unsupportedVersion(header)) {
                try KafkaRequest.decode(frame: frame(key: api.key.rawValue, version: version))
            }
        }
    }

    @Test func shortHeaders() {
        let whole = frame(key: 18, version: 3)
        for length in 0..<whole.count {
            #expect {
                try KafkaRequest.decode(frame: whole.slice(0, length))
            } throws: { error in
                guard case .malformedHeader? = error as? KafkaRequestError else { return false }
                return true
            }
        }
    }

    @Test func malformedBodyNamesItsHeader() {
        #expect {
            try KafkaRequest.decode(frame: frame(key: 3, version: 1, body: [0x7f, 0xff, 0xff, 0xff]))
        } throws: { error in
            guard case .malformedBody(let header, let cause)? = error as? KafkaRequestError else { return false }
            return header.correlationId == 77 && header.clientIdText == "me" && header.apiKey == .metadata
                && cause == .badLength(position: 12, length: Int64(Int32.max))
        }
    }

    /// The client id keeps its old form in the flexible header, and tagged fields follow it.
    @Test func flexibleHeader() throws {
        let body: [UInt8] = [1, 0, 2, 8, 8, 1, 1, 0]
        let request = try KafkaRequest.decode(frame: frame(key: 18, version: 3, body: body))
        #expect(request.header.clientIdText == "me")
        #expect(request.body == .apiVersions(ApiVersionsRequest()))
    }

    /// What librdkafka 2.16 sends when it asks for all topics: its array has four bytes of length, not one.
    @Test func bytesAfterTheLastFieldAreIgnored() throws {
        let body: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0]
        let request = try KafkaRequest.decode(frame: frame(key: 3, version: 13, body: body))
        #expect(request.body == .metadata(MetadataRequest(topics: nil, allowAutoTopicCreation: false)))
    }

    @Test func recordsAndNamesReferToTheFrame() throws {
        var request = ProduceRequest(acks: -1, timeoutMs: 1)
        let records = ByteSlice(Array(0..<100))
        request.append(topic: ByteSlice(utf8: "orders"), partitions: [.init(index: 4, records: records)])
        var writer = ByteWriter()
        request.encodeFrame(into: &writer, version: 9, correlationId: 1)
        let frame = writer.finish().dropFirst(4)
        guard case .produce(let decoded) = try KafkaRequest.decode(frame: frame).body else {
            Issue.record("not a produce request")
            return
        }
        #expect(decoded == request)
        for slice in [decoded.topics[0].name, try #require(decoded.partitions[0].records)] {
            try expect(slice, inside: frame)
        }
    }

    private func expect(_ slice: ByteSlice, inside frame: ByteSlice) throws {
        let inside = frame.unsafeBytes
        let start = try #require(slice.unsafeBytes.baseAddress)
        #expect(start > inside.baseAddress! && start + slice.count <= inside.baseAddress! + inside.count)
    }

    @Test func groupMetadataAndAssignmentsReferToTheFrame() throws {
        let opaque = ByteSlice(Array(0..<100))
        let join = JoinGroupRequest(
            groupId: "g", sessionTimeoutMs: 1, memberId: "", protocolType: "consumer",
            protocols: [.init(name: "range", metadata: opaque)])
        let sync = SyncGroupRequest(
            groupId: "g", generationId: 1, memberId: "m", assignments: [.init(memberId: "m", assignment: opaque)])
        var writer = ByteWriter()
        join.encodeFrame(into: &writer, version: 9, correlationId: 1)
        let joinFrame = writer.finish().dropFirst(4)
        writer = ByteWriter()
        sync.encodeFrame(into: &writer, version: 5, correlationId: 1)
        let syncFrame = writer.finish().dropFirst(4)
        guard case .joinGroup(let joined) = try KafkaRequest.decode(frame: joinFrame).body,
            case .syncGroup(let synced) = try KafkaRequest.decode(frame: syncFrame).body
        else {
            Issue.record("not the requests that were sent")
            return
        }
        #expect(joined.protocols[0].metadata == opaque && synced.assignments[0].assignment == opaque)
        try expect(joined.protocols[0].metadata, inside: joinFrame)
        try expect(synced.assignments[0].assignment, inside: syncFrame)
    }
}
