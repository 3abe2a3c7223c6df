import CSystem

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of Kafka record batches v2 and of our own formats.
package enum CRC32C {
    package static func checksum(_ slice: ByteSlice, continuing seed: UInt32 = 0) -> UInt32 {
        slice.withUnsafeBytes { checksum($0, continuing: seed) }
    }

    package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing seed: UInt32 = 0) -> UInt32 {
        holdfast_crc32c(seed, bytes.baseAddress, bytes.count)
    }

    /// The checksum of `pieces` laid end to end.
    package static func checksum(_ pieces: [ByteSlice]) -> UInt32 {
        var sum: UInt32 = 0
        for piece in pieces { sum = checksum(piece, continuing: sum) }
        return sum
    }
}
