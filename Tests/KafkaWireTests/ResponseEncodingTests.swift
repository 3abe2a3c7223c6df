import Bytes
import KafkaWire
import Testing

struct ResponseEncodingTests {
    @Test func onePartitionProduceResponseIsTheGeneralOne() throws {
        for version in Int16(3)...11 {
            for seed in 0..<50 {
                var values = TestValues(seed: UInt64(seed))
                let partition = ProduceResponse.Partition.sample(&values, version: version)
                let topic = values.slice()
                var general = ProduceResponse(throttleTimeMs: 3)
                general.append(topic: topic, partitions: [partition])
                var first = ByteWriter()
                general.encodeFrame(into: &first, version: version, correlationId: 9)
                var second = ByteWriter()
                ProduceResponse.encodeFrame(
                    into: &second, version: version, correlationId: 9, topic: topic, partition: partition,
                    throttleTimeMs: 3)
                #expect(first.finish() == second.finish())
            }
        }
    }

    @Test func framesFollowEachOtherInOneWriter() throws {
        var writer = ByteWriter()
        for correlationId in Int32(1)...3 {
            InitProducerIdResponse(producerId: 5, producerEpoch: 6)
                .encodeFrame(into: &writer, version: 4, correlationId: correlationId)
        }
        var assembler = FrameAssembler(maximumFrame: 1000)
        assembler.append(writer.finish())
        for correlationId in Int32(1)...3 {
            let frame = try #require(try assembler.next())
            let decoded = try InitProducerIdResponse.decode(frame: frame, version: 4)
            #expect(decoded.correlationId == correlationId)
            #expect(decoded.body == InitProducerIdResponse(producerId: 5, producerEpoch: 6))
        }
    }

    /// The pieces laid end to end are the frame that the contiguous encoder writes.
    @Test(arguments: Int16(4)...17) func fetchSegmentsAreTheFrame(_ version: Int16) {
        for seed in 0..<100 {
            var values = TestValues(seed: UInt64(seed))
            let response = FetchResponse.sample(&values, version: version)
            var writer = ByteWriter()
            response.encodeFrame(into: &writer, version: version, correlationId: 5)
            let segments = response.segments(version: version, correlationId: 5)
            let joined = segments.flatMap { segment -> [UInt8] in
                guard case .bytes(let slice) = segment else { return [] }
                return slice.array
            }
            #expect(joined == writer.finish().array)
            #expect(segments.allSatisfy { $0.count > 0 })
        }
    }

    @Test(arguments: Int16(4)...17) func externalRecordsAreCountedNotCopied(_ version: Int16) throws {
        let records = ByteSlice([UInt8](repeating: 7, count: 300))
        var inline = FetchResponse()
        var external = FetchResponse()
        for (name, counts) in [("a", [0, 300]), ("b", [300])] {
            let kinds: [(FetchResponse.Records, FetchResponse.Records)] = counts.map {
                $0 == 0 ? (.empty, .empty) : (.inline(records), .external(count: $0))
            }
            let topic = version < 13 ? ByteSlice(utf8: name) : .empty
            let id = version < 13 ? nil : KafkaUUID(high: 1, low: UInt64(counts.count))
            inline.append(
                topic: topic, id: id, partitions: kinds.enumerated().map { partition($0.offset, $0.element.0) })
            external.append(
                topic: topic, id: id, partitions: kinds.enumerated().map { partition($0.offset, $0.element.1) })
        }
        var ordinals: [Int] = []
        var joined: [UInt8] = []
        for segment in external.segments(version: version, correlationId: 2) {
            switch segment {
            case .bytes(let slice): joined += slice.array
            case .records(let ordinal, let count):
                ordinals.append(ordinal)
                #expect(count == 300)
                joined += records.array
            }
        }
        #expect(ordinals == [1, 2])
        var writer = ByteWriter()
        inline.encodeFrame(into: &writer, version: version, correlationId: 2)
        #expect(joined == writer.finish().array)
        let frame = ByteSlice(joined)
        #expect(frame.load(0, as: Int32.self) == Int32(frame.count - 4))
        #expect(try FetchResponse.decode(frame: frame.dropFirst(4), version: version).body == inline)
    }

    private func partition(_ index: Int, _ records: FetchResponse.Records) -> FetchResponse.Partition {
        FetchResponse.Partition(index: Int32(index), highWatermark: 10, records: records)
    }
}
