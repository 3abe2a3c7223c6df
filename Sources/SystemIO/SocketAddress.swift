import CSystem

/// A resolved host and port.
struct SocketAddress: Sendable, CustomStringConvertible {
    private(set) var raw: holdfast_address

    init(raw: holdfast_address) { self.raw = raw }

    /// Blocks on the name service unless `numericOnly`, in which case anything but an address literal fails.
    init(
        host: String, port: UInt16, numericOnly: Bool = false, forListening: Bool = false
    ) throws(SystemError) {
        var address = holdfast_address()
        let result = holdfast_resolve(host, port, numericOnly ? 1 : 0, forListening ? 1 : 0, &address)
        if result < 0 { throw SystemError("resolving", hostAndPort(host, port), errno: -result) }
        raw = address
    }

    var description: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 96) { buffer in
            guard let base = buffer.baseAddress else { return "unknown address" }
            var address = raw
            holdfast_address_text(&address, base, buffer.count)
            return String(cString: base)
        }
    }
}

/// "host:port", with brackets around an IPv6 address.
func hostAndPort(_ host: String, _ port: UInt16) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
}
