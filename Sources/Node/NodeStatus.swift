import Ports
import Raft

/// What a node says about itself: for the admin port, the status command and metrics.
package struct NodeStatus: Sendable {
    package struct Follower: Sendable {
        package let node: NodeID
        package let matchedIndex: UInt64
        package let isConnected: Bool
    }

    package let node: NodeID
    package let role: Role
    package let term: UInt64
    package let leader: NodeID?
    package let firstIndex: UInt64
    package let lastIndex: UInt64
    package let flushedIndex: UInt64
    package let commitIndex: UInt64
    package let appliedIndex: UInt64
    package let snapshotIndex: UInt64
    package let voters: [NodeID]
    package let learners: [NodeID]
    /// The entry that made them so; 0 for the beginning.
    package let configurationIndex: UInt64
    /// This node is one of them.
    package let isMember: Bool
    /// The other members as the leader sees them; empty elsewhere.
    package let followers: [Follower]
    /// Knows a leader and has applied what it knows to be committed; a leader also takes requests.
    package let isReady: Bool
    /// Its machine crashed, and what it lost has not all come again: its vote counts for less.
    package let isRejoining: Bool
    /// Of this node's disk; nil until it was asked.
    package let diskSpace: SpaceReport?
    /// A leader that takes no records for want of room.
    package let isIntakeStopped: Bool
}

extension Node {
    package var status: NodeStatus {
        let membership = replica.raft.membership
        let others = (membership.voters + membership.learners).filter { $0 != identity.node.rawValue }
        let followers = replica.raft.role != .leader ? [] : others.map {
            NodeStatus.Follower(
                node: NodeID($0), matchedIndex: replica.raft.progress(of: $0)?.matched ?? 0,
                isConnected: connectedPeers.contains(NodeID($0)))
        }
        let isCaughtUp = replica.appliedIndex >= replica.raft.commitIndex
        return NodeStatus(
            node: identity.node, role: replica.raft.role, term: replica.raft.term, leader: replica.leader,
            firstIndex: replica.log.firstIndex, lastIndex: replica.raft.lastPosition.index,
            flushedIndex: replica.raft.flushedIndex, commitIndex: replica.raft.commitIndex,
            appliedIndex: replica.appliedIndex, snapshotIndex: replica.log.newestSnapshot?.index ?? 0,
            voters: membership.voters.map { NodeID($0) }, learners: membership.learners.map { NodeID($0) },
            configurationIndex: replica.raft.membershipIndex, isMember: membership.contains(identity.node.rawValue),
            followers: followers,
            isReady: replica.isLeader ? replica.admission != nil : replica.leader != nil && isCaughtUp,
            isRejoining: replica.raft.isRejoining, diskSpace: replica.diskSpace,
            isIntakeStopped: replica.isIntakeStopped)
    }
}
