import Bytes
import KafkaWire
import Testing

/// Bytes from outside may be refused, never trap.
struct MalformedBytesTests {
    @Test(arguments: ApiCase.all) func truncationAtEveryByteIsRefused(_ api: ApiCase) {
        for version in api.versions {
            truncate(api.request, version: version)
            truncate(api.response, version: version)
        }
    }

    private func truncate<Body: KafkaBody & Sampled>(_ type: Body.Type, version: Int16) {
        let bytes = Body.encodedBytes(TestValues(counting: Int(version)), version: version)
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self, "\(type) version \(version), \(length) of \(bytes.count) bytes") {
                try Body.decoded(bytes.slice(0, length), version: version)
            }
        }
        let longer = ByteSlice(bytes.array + [0])
        #expect(throws: DecodeError.trailing(position: bytes.count, count: 1)) {
            try Body.decoded(longer, version: version)
        }
    }

    /// What still decodes after a mutation must encode, and decode again to the same value.
    @Test(arguments: ApiCase.all) func mutatedBytesNeverTrap(_ api: ApiCase) throws {
        var random = SplitMix64(state: UInt64(api.key.rawValue))
        var accepted = 0
        let perVersion = 10_000 / api.versions.count + 1
        for version in api.versions {
            accepted += try mutate(api.request, version: version, rounds: perVersion, &random)
            accepted += try mutate(api.response, version: version, rounds: perVersion, &random)
        }
        // A change within an integer is not an error, so a good part must get through, and not all.
        #expect(accepted > 1_000 && accepted < 2 * perVersion * api.versions.count)
    }

    private func mutate<Body: KafkaBody & Sampled>(
        _ type: Body.Type, version: Int16, rounds: Int, _ random: inout SplitMix64
    ) throws -> Int {
        let original = Body.encodedBytes(TestValues(counting: Int(version)), version: version).array
        guard !original.isEmpty else { return 0 }
        var accepted = 0
        for _ in 0..<rounds {
            let bytes = ByteSlice(Self.mutated(original, &random))
            let first: Body
            do { first = try Body.decoded(bytes, version: version) } catch { continue }
            accepted += 1
            let second = try Body.decoded(first.encodedBody(version: version), version: version)
            if second != first { Issue.record("\(type) version \(version): \(bytes.array)") }
        }
        return accepted
    }

    private static func mutated(_ original: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = original
        for _ in 0...random.below(3) {
            let position = random.below(bytes.count)
            switch random.below(6) {
            case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes[position] ^= 1 << UInt8(random.below(8))
            case 2: bytes.replaceSubrange(position..., with: bytes[position...].map { _ in 0xff })
            case 3: bytes.remove(at: position)
            case 4: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
            default:
                for (offset, byte) in [0x7f, 0xff, 0xff, 0xff].enumerated() where position + offset < bytes.count {
                    bytes[position + offset] = UInt8(byte)
                }
            }
            if bytes.isEmpty { bytes = [0] }
        }
        return bytes
    }

    @Test func randomFramesNeverTrap() {
        var random = SplitMix64(state: 99)
        var refused = 0
        for round in 0..<20_000 {
            var bytes = (0..<random.below(80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if bytes.count > 4 {
                let api = SupportedApis.all[round % SupportedApis.all.count]
                bytes.replaceSubrange(0..<4, with: [0, UInt8(api.key.rawValue), 0, UInt8(random.below(15))])
            }
            do { _ = try KafkaRequest.decode(frame: ByteSlice(bytes)) } catch { refused += 1 }
        }
        #expect(refused > 19_000)
    }

    /// The largest count or length wherever one could stand, in every API.
    @Test(arguments: ApiCase.all) func hugeCountsAreRefused(_ api: ApiCase) {
        for version in api.versions {
            overwriteEverywhere(api.request, version: version)
            overwriteEverywhere(api.response, version: version)
        }
    }

    private func overwriteEverywhere<Body: KafkaBody & Sampled>(_ type: Body.Type, version: Int16) {
        let original = Body.encodedBytes(TestValues(counting: Int(version)), version: version).array
        let patterns: [[UInt8]] = [
            [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0xff, 0xff, 0xff, 0xff, 0x07],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ]
        var refused = 0
        for pattern in patterns {
            for position in original.indices {
                var bytes = original
                let end = min(position + pattern.count, bytes.count)
                bytes.replaceSubrange(position..<end, with: pattern)
                do { _ = try Body.decoded(ByteSlice(bytes), version: version) } catch { refused += 1 }
            }
        }
        #expect(refused > 0 || original.isEmpty, "\(type) version \(version)")
    }
}
