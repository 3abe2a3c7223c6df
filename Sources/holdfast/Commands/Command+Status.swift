import Bytes
import Server
import SystemIO

extension Command {
    static let status = Command(
        "status", "show the nodes, the leader, the log positions and the topics",
        flags: [
            Flag("admin", "HOST:PORT,...", "admin addresses of the nodes", need: .required),
            Flag(switch: "json", "print one JSON document instead of a table"),
            Flag("timeout-ms", "MS", "how long to wait for each node", default: "2000"),
        ],
        details: "The exit code is 0 when a majority of the nodes asked agrees on a leader, otherwise 1."
    ) { arguments throws(CommandFailure) in
        let addresses = try arguments.addresses("admin")
        let timeout = try arguments.integer("timeout-ms", in: 1...600_000)
        let status = ClusterStatus(nodes: ClusterStatus.ask(addresses, timeoutMilliseconds: timeout))
        try Output.printAll(arguments.has("json") ? status.json.encoded + "\n" : status.table)
        return status.leader == nil ? 1 : 0
    }
}

extension ClusterStatus {
    static func ask(_ addresses: [Address], timeoutMilliseconds: Int) -> [NodeReport] {
        addresses.map { ask($0, timeoutMilliseconds: timeoutMilliseconds) }
    }

    private static func ask(_ address: Address, timeoutMilliseconds: Int) -> NodeReport {
        do {
            let response = try BlockingHTTP.get(
                host: address.host, port: address.port, path: "/status", timeoutMilliseconds: timeoutMilliseconds)
            guard response.status == 200 else { return .unreachable(address, "HTTP status \(response.status)") }
            let text = response.body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            return .answered(address, try JSONValue(parsing: text))
        } catch {
            return .unreachable(address, "\(error)")
        }
    }
}
