import Server

extension Arguments {
    /// "host:port,host:port", at least one.
    func addresses(_ name: String) throws(CommandFailure) -> [Address] {
        let value = try text(name)
        var found: [Address] = []
        for part in value.split(separator: ",") {
            guard let address = Address(String(part.filter { !$0.isWhitespace })) else {
                throw .usage("--\(name): '\(part)' is not HOST:PORT")
            }
            found.append(address)
        }
        guard !found.isEmpty else { throw .usage("--\(name) lists no address") }
        return found
    }
}
