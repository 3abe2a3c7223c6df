import Bytes
import Server
import SystemIO

extension Command {
    static let outcome = Command(
        "outcome", "tell whether an idempotent producer's record was committed",
        flags: [
            Flag("producer-id", "P", "the producer's id", need: .required),
            Flag("epoch", "E", "the producer's epoch", need: .required),
            Flag("sequence", "S", "the record's number among the producer's in the partition", need: .required),
            Flag("topic", "T", "the record's topic", need: .required),
            Flag("partition", "N", "the record's partition", need: .required),
            Flag("admin", "HOST:PORT,...", "admin addresses of nodes of the cluster", need: .required),
            Flag("search-bytes", "BYTES", "how much of the partition to look through at most", default: "67108864"),
            Flag(switch: "json", "print the answer as the node gave it"),
            Flag("timeout-ms", "MS", "how long to go on asking when there is no leader", default: "10000"),
        ],
        details: """
            The answer was true at some moment between the question and the answer:

            committed  A majority has the record on disk: at this offset, in this entry of the log.
            pending    It is not committed, and nothing that is committed keeps it from becoming so: it is in the
                       leader's log and waits for a majority, or a copy that is still on its way would be taken.
            never      It is not committed, and no copy that may still come will be: the producer has a newer epoch,
                       or the partition has later records of it. This holds for as long as the producer is remembered,
                       a day after its last record in the partition; a copy sent later than that may be taken.
            unknown    The producer's newest records do not tell, and those that could are deleted, cannot be read now,
                       or lie further back than --search-bytes.

            A committed record may have been deleted since. A topic that was deleted and created again is another topic.
            The exit code is 0 when there was an answer.
            """
    ) { arguments throws(CommandFailure) in
        let document = try OutcomeQuestion(arguments).ask()
        try Output.printAll(arguments.has("json") ? document.encoded + "\n" : OutcomeQuestion.words(document) + "\n")
        return 0
    }
}

private struct OutcomeQuestion {
    private static let pauseNanoseconds: UInt64 = 100_000_000

    private let admins: [Address]
    private let patience: UInt64
    private let path: String

    init(_ arguments: Arguments) throws(CommandFailure) {
        admins = try arguments.addresses("admin")
        patience = UInt64(try arguments.integer("timeout-ms", in: 1...3_600_000)) * 1_000_000
        let topic = try arguments.text("topic")
        path = "/outcome?producer-id=\(try arguments.integer("producer-id", in: 0...Int.max))"
            + "&epoch=\(try arguments.integer("epoch", in: 0...Int(Int16.max)))"
            + "&sequence=\(try arguments.integer("sequence", in: 0...Int(Int32.max)))"
            + "&topic=\(Self.encoded(topic))"
            + "&partition=\(try arguments.integer("partition", in: 0...Int(Int32.max)))"
            + "&search-bytes=\(try arguments.integer("search-bytes", in: 0...1 << 40))"
    }

    /// For a query: everything but letters and digits as %XX.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII, scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) {
                encoded.unicodeScalars.append(scalar)
            } else {
                encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    /// Whoever answers, again while there is no leader.
    func ask() throws(CommandFailure) -> JSONValue {
        let deadline = SystemClock.monotonicNanoseconds + patience
        var last = "no node answers"
        while true {
            for admin in admins {
                do throws(BlockingError) {
                    let response = try BlockingHTTP.get(host: admin.host, port: admin.port, path: path)
                    let document = try Self.document(response)
                    if response.status == 200 { return document }
                    last = document["error"]?.text ?? "HTTP status \(response.status)"
                    if response.status < 500 { throw .badResponse(last) }
                } catch {
                    if case .badResponse(let words) = error { throw .failed(words) }
                    last = "\(admin): \(error)"
                }
            }
            guard SystemClock.monotonicNanoseconds < deadline else { throw .failed(last) }
            SystemClock.sleep(nanoseconds: Self.pauseNanoseconds)
        }
    }

    private static func document(_ response: BlockingHTTP.Response) throws(BlockingError) -> JSONValue {
        let text = response.body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            throw .badResponse("HTTP status \(response.status): \(text.prefix(200))")
        }
    }

    static func words(_ document: JSONValue) -> String {
        let outcome = document["outcome"]?.text ?? "?"
        var parts: [String] = []
        for (name, title) in [("offset", "offset"), ("index", "entry"), ("term", "term")] {
            if let number = document[name]?.int { parts.append("\(title) \(number)") }
        }
        let from = document["from"]?.int ?? 0
        switch document["reason"]?.text {
        case "deleted": parts.append("records below offset \(from) are deleted")
        case "search-bytes": parts.append("records below offset \(from) were not looked at")
        case "unreadable": parts.append("offset \(from) cannot be read now")
        default: break
        }
        return parts.isEmpty ? outcome : outcome + ": " + parts.joined(separator: ", ")
    }
}
