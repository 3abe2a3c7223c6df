import Bytes
import KafkaWire
import Testing

/// What consumers of the classic protocol write; the bytes are kafka-python's.
struct ConsumerProtocolTests {
    private static let partitions = [ConsumerProtocolPartitions(topic: "t", partitions: [0, 3])]

    @Test(arguments: [
        (Int16(0), "000000000002000174000175ffffffff"),
        (1, "000100000002000174000175ffffffff00000001000174000000020000000000000003"),
        (2, "000200000002000174000175ffffffff0000000100017400000002000000000000000300000007"),
        (3, "000300000002000174000175ffffffff0000000100017400000002000000000000000300000007000172"),
    ])
    func subscriptions(version: Int16, hex: String) throws {
        let found = try ConsumerProtocolSubscription(from: bytes(hex))
        let expected = ConsumerProtocolSubscription(
            version: version, topics: ["t", "u"], ownedPartitions: version >= 1 ? Self.partitions : [],
            rackId: version >= 3 ? "r" : nil)
        #expect(found == expected)
        #expect(try ConsumerProtocolSubscription(from: found.encoded()) == expected)
        for length in 0..<hex.count / 2 {
            #expect(throws: DecodeError.self) {
                try ConsumerProtocolSubscription(from: bytes(hex).slice(0, length))
            }
        }
    }

    /// Later versions add at the end.
    @Test func aNewerSubscriptionIsReadAsTheNewestKnown() throws {
        let newer = bytes("000700000002000174000175ffffffff0000000100017400000002000000000000000300000007000172ffff")
        let found = try ConsumerProtocolSubscription(from: newer)
        #expect(found.version == ConsumerProtocolSubscription.newestVersion && found.rackId == "r")
        #expect(throws: DecodeError.self) {
            try ConsumerProtocolSubscription(from: bytes("ffff00000002000174000175ffffffff"))
        }
    }

    @Test func assignments() throws {
        let plain = "000100000001000174000000020000000000000003ffffffff"
        let found = try ConsumerProtocolAssignment(from: bytes(plain))
        #expect(found == ConsumerProtocolAssignment(version: 1, partitions: Self.partitions))
        #expect(found.encoded() == bytes(plain))
        let more = try ConsumerProtocolAssignment(
            from: bytes("0001000000010001740000000200000000000000030000000178"))
        #expect(more.partitions == found.partitions && more.hasUserData && !found.hasUserData)
        #expect(try ConsumerProtocolAssignment(from: .empty).partitions.isEmpty)
        for length in 1..<plain.count / 2 {
            #expect(throws: DecodeError.self) { try ConsumerProtocolAssignment(from: bytes(plain).slice(0, length)) }
        }
    }

    private func bytes(_ hex: String) -> ByteSlice { ByteSlice(GoldenFrame.decode(hex)) }
}
