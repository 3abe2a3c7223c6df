import Bytes
import Ports
import Raft

/// Who a data directory belongs to, fixed when it is formatted. A directory without a valid identity file is never
/// started: missing state is not a fresh start.
///
/// File `identity`, big-endian: magic "HFID", version u32, cluster id 2 × u64, node id u32, initial membership,
/// incarnation u64, CRC-32C of all before it.
package struct NodeIdentity: Equatable, Sendable {
    package static let fileName = "identity"
    private static let magic: UInt32 = 0x4846_4944
    private static let version: UInt32 = 2

    package var cluster: ClusterID
    package var node: NodeID
    /// The nodes the cluster began with; without voters if this one is to join a running cluster.
    package var membership: Membership
    /// Drawn when the directory is formatted, so that no other directory has it; 0 before.
    package internal(set) var incarnation: UInt64 = 0

    package init(cluster: ClusterID, node: NodeID, membership: Membership) {
        self.cluster = cluster
        self.node = node
        self.membership = membership
    }

    package func encoded() -> ByteSlice {
        var writer = ByteWriter()
        writer.uint32(Self.magic)
        writer.uint32(Self.version)
        writer.uint64(cluster.high)
        writer.uint64(cluster.low)
        writer.uint32(node.rawValue)
        membership.encode(into: &writer)
        writer.uint64(incarnation)
        writer.uint32(writer.withWrittenBytes { CRC32C.checksum($0) })
        return writer.finish()
    }

    package init(decoding bytes: ByteSlice) throws(DecodeError) {
        guard bytes.count > 4 else { throw .truncated(position: 0, needed: 5, available: bytes.count) }
        let body = bytes.slice(0, bytes.count - 4)
        guard CRC32C.checksum(body) == bytes.uint32(at: body.count) else {
            throw .badValue("identity checksum", Int64(bytes.uint32(at: body.count)))
        }
        var reader = ByteReader(body)
        let magic = try reader.uint32()
        guard magic == Self.magic else { throw .badValue("identity magic", Int64(magic)) }
        let version = try reader.uint32()
        guard version == Self.version else { throw .badValue("identity version", Int64(version)) }
        cluster = ClusterID(high: try reader.uint64(), low: try reader.uint64())
        node = NodeID(try reader.uint32())
        membership = try Membership(reading: &reader)
        incarnation = try reader.uint64()
        try reader.requireEnd()
    }
}
