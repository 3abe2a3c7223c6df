import Broker
import Bytes
import LogStore
import Ports

/// Why a node must stop. Always final: the process ends with the description as its message.
package enum NodeFault: Error, Sendable {
    /// A write or fsync failed: what is on the disk is no longer known.
    case disk(DiskFailure)
    case log(LogStoreError)
    /// The same index holds another history than the leader's although it was accepted: checksums of the chain differ.
    case divergence(index: UInt64, chainBefore: UInt64, chainSent: UInt64)
    /// A committed entry that the state machine cannot read, although the log's checksums hold.
    case undecodableEntry(index: UInt64, DecodeError)
    case machine(BrokerFault)
    case unreadableEntry(index: UInt64, String)
    /// Damaged entries that may be committed, and no member has a copy.
    case noCopyLeft(group: GroupID, first: UInt64, last: UInt64)
    /// Damaged entries are repaired, and say what this process was not told when it began.
    case repairedAnew(first: UInt64, last: UInt64)
    /// The log begins after this entry now, behind damage that nobody had copies of any more.
    case damagePassed(through: UInt64)
    /// There is no identity file: the directory was never formatted, or has lost its state.
    case notFormatted
    case badIdentity(String)
    case badSnapshot(String)
    /// The group knows this node's id with another data directory: this one is empty, or an old copy.
    case foreignData(NodeID)
}

extension NodeFault {
    /// The disk is well, and the node goes on with what a new start reads from it.
    package var isCuredByStart: Bool {
        switch self {
        case .repairedAnew, .damagePassed: true
        default: false
        }
    }
}

extension NodeFault: CustomStringConvertible {
    private static let seedAgain = """
        If this node has lost its data, it must not come back as if nothing had happened: what it has promised is \
        gone. Take it out of the cluster ('holdfast cluster remove --node N'), prepare an empty directory with \
        'holdfast format --join', start it, and add it again ('holdfast cluster add')
        """

    package var description: String {
        switch self {
        case .disk(let failure): "\(failure); a failed write or sync is final, the node stops"
        case .log(let error): error.isLoss ? "\(error). \(Self.seedAgain)" : "\(error)"
        case .divergence(let index, let before, let sent):
            "log diverged: the entry sent for index \(index) with chain checksum \(String(sent, radix: 16)) does not "
                + "continue ours, \(String(before, radix: 16))"
        case .undecodableEntry(let index, let error): "entry \(index) cannot be decoded: \(error)"
        case .machine(let fault): "\(fault)"
        case .unreadableEntry(let index, let reason): "entry \(index) cannot be read: \(reason)"
        case .noCopyLeft(let group, let first, let last):
            "group \(group.rawValue): entries \(first) to \(last) are damaged here, and no member has a copy of them"
        case .repairedAnew(let first, let last):
            "entries \(first) to \(last) are repaired; the node begins again, to take them up"
        case .damagePassed(let end):
            "damaged entries that the others have deleted are left behind with the log through \(end); the node "
                + "begins again with their state"
        case .notFormatted:
            """
            not formatted: there is no identity file. A node of a new cluster is prepared with 'holdfast format'. \
            \(Self.seedAgain)
            """
        case .badIdentity(let reason): "bad identity file: \(reason)"
        case .badSnapshot(let reason): "bad snapshot: \(reason)"
        case .foreignData(let node):
            """
            the cluster knows node \(node) with another data directory than this one: what that one held is gone here, \
            and so are the promises it was part of. Take node \(node) out of the cluster ('holdfast cluster remove \
            --node \(node)'), delete this directory, prepare it with 'holdfast format --join', start it, and add it \
            again ('holdfast cluster add')
            """
        }
    }
}
