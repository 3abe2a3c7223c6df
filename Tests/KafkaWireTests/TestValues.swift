import Bytes
import KafkaWire

/// Field values for samples of every message. In counting mode each draw is a function of how many came before, by
/// rules that the script which made `GoldenFrames` applied to another implementation; otherwise they are random.
struct TestValues {
    private var drawn: Int
    private var random: SplitMix64?

    init(counting start: Int) { drawn = start }

    init(seed: UInt64) {
        drawn = 0
        random = SplitMix64(state: seed)
    }

    /// The next number: the count of draws, or one of any size.
    private mutating func next() -> Int {
        drawn += 1
        guard let bits = random?.next() else { return drawn }
        return Int(truncatingIfNeeded: bits >> (bits & 63))
    }

    mutating func int8() -> Int8 { Int8(truncatingIfNeeded: next() % 100) }
    mutating func int16() -> Int16 { Int16(truncatingIfNeeded: next()) }
    mutating func int32() -> Int32 { Int32(truncatingIfNeeded: next()) }
    mutating func int64() -> Int64 { Int64(truncatingIfNeeded: next() &* 1_000_000_007) }
    /// The bits of a floating-point number that is one.
    mutating func doubleBits() -> UInt64 { Double(int32()).bitPattern }
    mutating func bool() -> Bool { next() % 2 != 0 }

    /// Any but UNSUPPORTED_VERSION, which changes the layout of an ApiVersions response.
    mutating func errorCode() -> KafkaErrorCode {
        let code = KafkaErrorCode(rawValue: int16())
        return code == .unsupportedVersion && random != nil ? .none : code
    }

    mutating func string() -> String {
        let number = next()
        if random == nil { return "s\(number)é" }
        // Now and then one whose compact length takes two bytes.
        return String(repeating: "é𝄞x", count: number & 31 == 8 ? 40 : number & 7)
    }

    mutating func nullableString() -> String? {
        let number = next()
        if random == nil { return number % 3 == 0 ? nil : "n\(number)" }
        return number & 3 == 0 ? nil : string()
    }

    mutating func slice() -> ByteSlice { ByteSlice(utf8: string()) }

    mutating func nullableBytes() -> ByteSlice? {
        let number = next()
        if number % 5 == 0 { return nil }
        return ByteSlice([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: abs(number % 7)))
    }

    mutating func bytes() -> ByteSlice {
        let number = next()
        return ByteSlice([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: abs(number % 7)))
    }

    mutating func uuid() -> KafkaUUID {
        let number = UInt64(truncatingIfNeeded: next())
        return KafkaUUID(high: number, low: number &* 3)
    }

    mutating func isNull() -> Bool { next() % 4 == 0 }

    /// Whether an optional tagged field is there: always when counting.
    mutating func isPresent() -> Bool { random == nil || next() & 1 == 0 }

    mutating func array<Element>(_ element: (inout TestValues) -> Element) -> [Element] {
        let count = random == nil ? 2 : next() & 3
        return (0..<count).map { _ in element(&self) }
    }

    mutating func nullableArray<Element>(_ element: (inout TestValues) -> Element) -> [Element]? {
        isNull() ? nil : array(element)
    }

    mutating func int8Array() -> [Int8] { array { $0.int8() } }
    mutating func int32Array() -> [Int32] { array { $0.int32() } }
    mutating func int64Array() -> [Int64] { array { $0.int64() } }
    mutating func stringArray() -> [String] { array { $0.string() } }
    mutating func nullableInt32Array() -> [Int32]? { nullableArray { $0.int32() } }

    mutating func partitionCursor() -> KafkaPartitionCursor? {
        isNull() ? nil : KafkaPartitionCursor(topicName: string(), partitionIndex: int32())
    }

    mutating func nullableStringArray() -> [String]? { nullableArray { $0.string() } }
}

/// Steele, Lea and Flood 2014.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// A structure of which samples can be drawn. Every field is drawn in the schema's order, whether the version has it
/// or not, and those it does not have are then set to their default.
protocol Sampled: KafkaStructure {
    static func sample(_ values: inout TestValues, version: Int16) -> Self
}
