import Bytes
import Node
import Ports

/// A request of the admin port that changes who the members are, or who leads.
enum MembershipRequest {
    case add(NodeID, MemberAddresses)
    case promote(NodeID)
    case remove(NodeID)
    case transfer(NodeID)

    /// `path` as in HTTP, `body` its JSON.
    init(path: String, body: ByteSlice) throws(AdminProblem) {
        let text = body.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        guard let text else { throw .badRequest("the body is not UTF-8") }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: text)
        } catch {
            throw .badRequest("the body is \(error)")
        }
        guard case .object(let members) = document else { throw .badRequest("the body is not a JSON object") }
        let node = try Self.node(document)
        let known: [String]
        switch path {
        case "/cluster/add":
            known = ["node", "peer", "kafka"]
            self = .add(
                node,
                MemberAddresses(peer: try Self.endpoint("peer", document), kafka: try Self.endpoint("kafka", document)))
        case "/cluster/promote": (self, known) = (.promote(node), ["node"])
        case "/cluster/remove": (self, known) = (.remove(node), ["node"])
        case "/cluster/transfer": (self, known) = (.transfer(node), ["node"])
        default: throw AdminProblem(404, "not-found", "there is no \(path)")
        }
        if let other = members.first(where: { !known.contains($0.0) }) {
            throw .badRequest("unknown member '\(other.0)'")
        }
    }

    private static func node(_ document: JSONValue) throws(AdminProblem) -> NodeID {
        guard let number = document["node"]?.int, (1...Int64(Int32.max)).contains(number) else {
            throw .badRequest("'node' is not a node's number")
        }
        return NodeID(UInt32(number))
    }

    private static func endpoint(_ name: String, _ document: JSONValue) throws(AdminProblem) -> Endpoint {
        guard let text = document[name]?.text else { throw .badRequest("'\(name)' is missing") }
        guard let address = Address(text), address.host.utf8.count <= 255 else {
            throw .badRequest("'\(name)' is '\(text)', not HOST:PORT")
        }
        return Endpoint(host: address.host, port: address.port)
    }
}
