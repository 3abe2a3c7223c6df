import Server
import SystemIO

extension Command {
    /// For container health checks and service managers, where there is no curl.
    static let health = Command(
        "health", "ask a node whether it is ready to serve",
        flags: [
            Flag("admin", "HOST:PORT", "admin address of the node", default: "127.0.0.1:8081"),
            Flag("timeout-ms", "MS", "how long to wait for its answer", default: "2000"),
        ],
        details: """
            The exit code is 0 when the node knows a leader and has applied what that leader had committed, otherwise 1.
            """
    ) { arguments throws(CommandFailure) in
        let addresses = try arguments.addresses("admin")
        guard let address = addresses.first, addresses.count == 1 else {
            throw .usage("--admin '\(try arguments.text("admin"))' is not one address")
        }
        let timeout = try arguments.integer("timeout-ms", in: 1...600_000)
        do throws(BlockingError) {
            let response = try BlockingHTTP.get(
                host: address.host, port: address.port, path: "/health/ready", timeoutMilliseconds: timeout)
            guard response.status == 200 else { throw .badResponse("\(address) is not ready") }
        } catch {
            throw .failed(error.description)
        }
        try Output.printAll("ready\n")
        return 0
    }
}
