import Bytes
import Testing

@testable import HoldfastClient

struct PartitionerTests {
    /// From the tests of Kafka's Java client (`UtilsTest.testMurmur2`).
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func murmur2(_ text: String, _ expected: Int32) {
        let hash = ByteSlice(utf8: text).withUnsafeBytes { Murmur2.hash($0) }
        #expect(Int32(bitPattern: hash) == expected)
    }

    @Test func aKeyAlwaysGoesToTheSamePartition() {
        #expect(Partitioner.partition(forKey: ByteSlice(utf8: "foobar"), count: 10) == 6)
        #expect(Partitioner.partition(forKey: ByteSlice(utf8: "foobar"), count: 1) == 0)
        #expect(Partitioner.partition(forKey: .empty, count: 7) < 7)
    }

    @Test func sequenceNumbersWrapToZero() {
        #expect(ProducerPartition.sequence(5, after: 3) == 8)
        #expect(ProducerPartition.sequence(Int32.max, after: 1) == 0)
        #expect(ProducerPartition.sequence(Int32.max - 1, after: 4) == 2)
    }
}
