import Bytes
import Server
import SystemIO

extension Command {
    private static let shared = [
        Flag("admin", "HOST:PORT,...", "admin addresses of nodes of the cluster", need: .required),
        Flag("timeout-ms", "MS", "how long to go on asking when the cluster cannot answer yet", default: "10000"),
    ]

    static let clusterAdd = Command(
        "cluster add", "add a node to a running cluster, let it catch up, make it a voter",
        flags: [
            Flag("node", "N", "the new node's number", need: .required),
            Flag("peer", "HOST:PORT", "where the other nodes reach it", need: .required),
            Flag("kafka", "HOST:PORT", "where Kafka clients reach it", need: .required),
            Flag(switch: "learner", "stop there: it gets everything and does not vote"),
            Flag("wait-s", "SECONDS", "how long to wait until it has caught up", default: "3600"),
        ] + shared,
        details: """
            Before: 'holdfast format --join' an empty directory on the new node, and start it with 'holdfast serve',
            whose --peers lists the nodes that are there already and itself. A node that has lost its data is first
            removed, and may come back under its old number in this way.
            """
    ) { arguments throws(CommandFailure) in
        var run = try ClusterChange(arguments)
        let node = try number("node", arguments)
        let addresses = [("peer", try address("peer", arguments)), ("kafka", try address("kafka", arguments))]
        let limit = try arguments.integer("wait-s", in: 1...1_000_000)
        try run.post("add", node, addresses, settledBy: "already-member")
        Console.error("node \(node) is a learner")
        if arguments.has("learner") { return 0 }
        try run.awaitCaughtUp(node, seconds: limit)
        Console.error("node \(node) votes")
        return 0
    }

    static let clusterPromote = Command(
        "cluster promote", "make a learner that has caught up a voter",
        flags: [Flag("node", "N", "which", need: .required)] + shared
    ) { arguments throws(CommandFailure) in
        var run = try ClusterChange(arguments)
        let node = try number("node", arguments)
        try run.post("promote", node, settledBy: "already-member")
        Console.error("node \(node) votes")
        return 0
    }

    static let clusterRemove = Command(
        "cluster remove", "take a node out of the cluster, the leader too",
        flags: [Flag("node", "N", "which", need: .required)] + shared,
        details: """
            The node is told, says so in its log, and ends with exit code 0; its data directory is of no more use. One
            that is down is told when it is started again. To replace a node, add the new one first.
            """
    ) { arguments throws(CommandFailure) in
        var run = try ClusterChange(arguments)
        let node = try number("node", arguments)
        try run.post("remove", node, settledBy: "not-a-member")
        Console.error("node \(node) is not a member any more")
        return 0
    }

    static let clusterTransfer = Command(
        "cluster transfer", "hand leadership to another node",
        flags: [Flag("to", "N", "who is to lead; a voter that is up and has caught up", need: .required)] + shared
    ) { arguments throws(CommandFailure) in
        var run = try ClusterChange(arguments)
        let node = try number("to", arguments)
        try run.post("transfer", node, settledBy: "already-leads")
        try run.awaitLeader(node)
        Console.error("node \(node) leads")
        return 0
    }

    private static func number(_ flag: String, _ arguments: Arguments) throws(CommandFailure) -> Int {
        try arguments.integer(flag, in: 1...Int(Int32.max))
    }

    private static func address(_ flag: String, _ arguments: Arguments) throws(CommandFailure) -> String {
        let text = try arguments.text(flag)
        guard let address = Address(text) else { throw .usage("--\(flag) '\(text)' is not HOST:PORT") }
        return "\(address)"
    }
}
