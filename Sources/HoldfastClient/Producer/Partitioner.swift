import Bytes

/// Puts records with equal keys on the same partition.
enum Partitioner {
    /// As Kafka's Java client: the positive murmur2 hash of the key's bytes, modulo the number of partitions.
    static func partition(forKey key: ByteSlice, count: Int) -> Int {
        Int(key.withUnsafeBytes { Murmur2.hash($0) } & 0x7fff_ffff) % count
    }
}
