import Broker
import Bytes

/// `GET /outcome`: which record, and how far to look for it. Passed on to the leader as a JSON object.
struct OutcomeRequest {
    static let defaultSearchBytes = 64 << 20
    private static let parameters = ["producer-id", "epoch", "sequence", "topic", "partition", "search-bytes"]

    let producer: ProducerIdentity
    let sequence: Int32
    let topic: String
    let partition: UInt32
    let searchBytes: Int

    init(_ query: [(name: String, value: String)]) throws(AdminProblem) {
        for (position, item) in query.enumerated() {
            guard Self.parameters.contains(item.name) else { throw .badRequest("unknown parameter '\(item.name)'") }
            if query[..<position].contains(where: { $0.name == item.name }) {
                throw .badRequest("'\(item.name)' is given twice")
            }
        }
        let id = try Self.number("producer-id", query, 0...Int64.max)
        let epoch = try Self.number("epoch", query, 0...Int64(Int16.max))
        producer = ProducerIdentity(id: id, epoch: Int16(epoch))
        sequence = Int32(try Self.number("sequence", query, 0...Int64(Int32.max)))
        guard let topic = query.first(where: { $0.name == "topic" })?.value, !topic.isEmpty else {
            throw .badRequest("'topic' is missing")
        }
        self.topic = topic
        partition = UInt32(try Self.number("partition", query, 0...Int64(Int32.max)))
        let bytes = try Self.number("search-bytes", query, 0...1 << 40, default: Int64(Self.defaultSearchBytes))
        searchBytes = Int(bytes)
    }

    init(body: ByteSlice) throws(AdminProblem) {
        let text = body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: text)
        } catch {
            throw .badRequest("the body is \(error)")
        }
        guard case .object(let members) = document else { throw .badRequest("the body is not a JSON object") }
        try self.init(members.map { (name: $0.0, value: $0.1.text ?? "") })
    }

    private static func number(
        _ name: String, _ query: [(name: String, value: String)], _ range: ClosedRange<Int64>,
        default defaultValue: Int64? = nil
    ) throws(AdminProblem) -> Int64 {
        guard let text = query.first(where: { $0.name == name })?.value else {
            guard let defaultValue else { throw .badRequest("'\(name)' is missing") }
            return defaultValue
        }
        guard let number = Int64(text), range.contains(number) else {
            throw .badRequest("'\(name)' is '\(text)', not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
