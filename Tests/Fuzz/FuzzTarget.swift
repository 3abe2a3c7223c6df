import Bytes

/// One decoder, or one machine behind decoders, as a function of bytes. It must never trap, hang, or take memory out of
/// proportion to the input; what it additionally promises is checked with `require`.
struct FuzzTarget: Sendable {
    let name: String
    let summary: String
    /// Bytes of the longest input that is tried.
    let maximumLength: Int
    /// Mebibytes of the largest single allocation that an input may cause.
    let allocationLimit: Int
    /// Valid inputs to begin with.
    let seeds: @Sendable () throws -> [ByteSlice]
    /// Errors thrown here are findings: what an input may be refused with is caught inside.
    let run: @Sendable (ByteSlice) throws -> Void

    init(
        _ name: String, _ summary: String, maximumLength: Int = 4096, allocationLimit: Int = 4,
        seeds: @escaping @Sendable () throws -> [ByteSlice],
        run: @escaping @Sendable (ByteSlice) throws -> Void
    ) {
        self.name = name
        self.summary = summary
        self.maximumLength = maximumLength
        self.allocationLimit = allocationLimit
        self.seeds = seeds
        self.run = run
    }

    static let all: [FuzzTarget] = [
        kafkaRequest, kafkaResponse, kafkaSession, consumerProtocol, frameStream, recordBatch, compressedRecords,
        cleanedBatches, peerFrame, peerHandshake, voteFile, identity, memberships, sidecar, snapshotFile, logRecovery,
        brokerCommand, brokerLog, brokerSnapshot, httpRequest, httpResponse, json, configuration, planted,
    ]

    /// Run only by name: a trap that a fuzzer with eyes finds in seconds.
    private static let planted = FuzzTarget(
        "planted", "a trap on purpose, to see that one is found",
        seeds: { [ByteSlice(utf8: "seed")] },
        run: { input in
            let isHit = input.count >= 8 && input[1] == 0x66 && input[3] == 0x75 && input[5] == 0x7a && input[7] == 0x21
            require(!isHit, "planted")
        })
}

/// A promise of the code under test; a broken one is a finding like a trap.
func require(_ condition: Bool, _ promise: @autoclosure () -> String) {
    if !condition { fatalError("broken promise: \(promise())") }
}

/// What `body` answers, or nil when it refuses the input.
func accepted<Value>(_ body: () throws -> Value) -> Value? {
    do {
        return try body()
    } catch {
        return nil
    }
}

extension ByteWriter {
    /// What `body` writes.
    static func bytes(_ body: (inout ByteWriter) -> Void) -> ByteSlice {
        var writer = ByteWriter()
        body(&writer)
        return writer.finish()
    }
}

extension ByteReader {
    /// Numbers for choices of a target, zero once the input is used up.
    mutating func choice() -> Int {
        guard remaining > 0 else { return 0 }
        defer { position += 1 }
        return Int(slice[position])
    }

    /// Up to `count` bytes, fewer at the end.
    mutating func part(_ count: Int) -> ByteSlice {
        let part = slice.slice(position, min(count, remaining))
        position += part.count
        return part
    }

    /// A two-byte length and so many bytes, or as many as are left.
    mutating func counted() -> ByteSlice {
        let high = choice()
        return part(high << 8 | choice()).detached()
    }
}

extension ByteSlice {
    /// Behind its length, as `ByteReader.counted` reads it.
    var counted: ByteSlice {
        .joined([ByteSlice([UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]), self])
    }

    static func joined(_ pieces: [ByteSlice]) -> ByteSlice {
        ByteWriter.bytes { writer in for piece in pieces { writer.bytes(piece) } }
    }
}
