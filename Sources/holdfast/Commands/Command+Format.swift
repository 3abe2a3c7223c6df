import LogStore
import Node
import Ports
import Raft
import Server
import SystemIO

extension Command {
    static let format = Command(
        "format", "give a new node its identity and an empty log: the explicit first start",
        flags: [
            Flag("data", "DIR", "data directory; created if it is missing, its parent must exist", need: .required),
            Flag("cluster-id", "UUID", "the cluster's name, the same on every node", need: .required),
            Flag("node-id", "N", "this node's number", need: .required),
            Flag("peers", "1=HOST:PORT,...", "the nodes a new cluster begins with, this one included"),
            Flag(switch: "join", "the node is to join a cluster that runs; instead of --peers"),
            Flag("segment-bytes", "BYTES", "size of the first log file", default: "134217728"),
        ],
        details: """
            A directory that is formatted already is refused and stays as it is. A node that lost its data must not
            be formatted with --peers again: the cluster would count on votes and entries that are gone. Remove it from
            the cluster ('holdfast cluster remove'), format an empty directory with --join, start it, and add it again
            ('holdfast cluster add'); it then begins as a learner and gets everything from the others.
            """
    ) { arguments throws(CommandFailure) in
        let path = try arguments.text("data")
        let identity = try identity(arguments)
        let segmentBytes = try arguments.integer("segment-bytes", in: (1 << 20)...(1 << 31))
        do {
            let disk = try SystemDisk(root: path)
            try Node.format(
                disk, identity: identity, settings: LogStoreSettings(segmentBytes: UInt64(segmentBytes)),
                entropy: SystemEntropy())
        } catch let fault as NodeFault {
            guard case .badIdentity(let reason) = fault else { throw .failed("\(path): \(fault)") }
            throw .failed("\(path): \(reason)")
        } catch {
            throw .failed("\(path): \(error)")
        }
        try Output.printAll("formatted \(path) for node \(identity.node) of cluster \(identity.cluster)\n")
        return 0
    }

    private static func identity(_ arguments: Arguments) throws(CommandFailure) -> NodeIdentity {
        let text = try arguments.text("cluster-id")
        guard let cluster = ClusterID(text) else {
            throw .usage("--cluster-id '\(text)' is not a UUID (32 hexadecimal digits)")
        }
        let node = NodeID(UInt32(try arguments.integer("node-id", in: 1...Int(Int32.max))))
        if arguments.has("join") {
            if arguments.has("peers") { throw .usage("--join and --peers exclude each other") }
            return NodeIdentity(cluster: cluster, node: node, membership: Membership(voters: []))
        }
        let peers: [NodeID]
        do {
            peers = try SettingValues.parseAddresses(try arguments.text("peers"), setting: "--peers").keys.sorted()
        } catch let error as ConfigurationError {
            throw .usage(error.description)
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw .failed("\(error)")
        }
        guard peers.contains(node) else { throw .usage("--peers does not list node \(node) itself") }
        return NodeIdentity(cluster: cluster, node: node, membership: Membership(voters: peers.map(\.rawValue)))
    }
}
