import Bytes

/// What a snapshot file says about itself.
package struct SnapshotMetadata: Equatable, Sendable {
    /// The last entry whose effects the state contains.
    package var index: UInt64
    package var term: UInt64
    package var chain: UInt64
    /// `LogState.baseEpoch` of the log the state was taken from, on the node that wrote it.
    package var baseEpoch: UInt32
    /// The members as of `index`, opaque here.
    package var membership: ByteSlice
    package var stateLength: UInt64
    /// CRC-32C of the state.
    package var stateChecksum: UInt32
    /// The whole file, which is what is sent to a peer.
    package var fileSize: UInt64
    /// Relative to the disk's root.
    package var path: String

    package var point: LogPoint { LogPoint(index: index, term: term, chain: chain) }
}
