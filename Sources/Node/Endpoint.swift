/// Where somebody listens.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    /// Never 0.
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
