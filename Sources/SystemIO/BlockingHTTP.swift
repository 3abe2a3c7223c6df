import Bytes

/// Blocking HTTP for command-line tools that ask a node's admin port.
package enum BlockingHTTP {
    package struct Response: Equatable, Sendable {
        package let status: Int
        package let body: ByteSlice
    }

    /// `path` with its query, percent-encoded already. Reads at most `maximum` bytes of response.
    package static func get(
        host: String, port: UInt16, path: String, timeoutMilliseconds: Int = 10_000, maximum: Int = 64 << 20
    ) throws(BlockingError) -> Response {
        try ask("GET", host, port, path, body: nil, timeoutMilliseconds, maximum)
    }

    /// The same with a JSON body.
    package static func post(
        host: String, port: UInt16, path: String, json: String, timeoutMilliseconds: Int = 10_000,
        maximum: Int = 1 << 20
    ) throws(BlockingError) -> Response {
        try ask("POST", host, port, path, body: ByteSlice(utf8: json), timeoutMilliseconds, maximum)
    }

    private static func ask(
        _ method: String, _ host: String, _ port: UInt16, _ path: String, body: ByteSlice?, _ timeoutMilliseconds: Int,
        _ maximum: Int
    ) throws(BlockingError) -> Response {
        precondition(path.hasPrefix("/") && !path.contains(where: \.isWhitespace), "path \(path)")
        let connection = try BlockingConnection(host: host, port: port, timeoutMilliseconds: timeoutMilliseconds)
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(connection.target)\r\nConnection: close\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        try connection.send([ByteSlice(utf8: head + "\r\n")] + (body.map { [$0] } ?? []))
        var bytes: [UInt8] = []
        while true {
            let part = try connection.receive(upTo: 64 * 1024)
            if part.isEmpty { break }
            if bytes.count + part.count > maximum { throw .badResponse("response longer than \(maximum) bytes") }
            part.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        return try parse(bytes, connection.target)
    }

    static func parse(_ bytes: [UInt8], _ target: String) throws(BlockingError) -> Response {
        guard let bodyStart = headLength(bytes) else { throw .badResponse("\(target) sent no whole HTTP response") }
        let head = String(decoding: bytes[..<bodyStart], as: UTF8.self)
        let lines = head.split(whereSeparator: \.isNewline)
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw .badResponse("\(target) does not speak HTTP")
        }
        for line in lines.dropFirst() {
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, sides[0].lowercased() == "content-length" else { continue }
            guard Int(sides[1].filter { $0 != " " }) == bytes.count - bodyStart else {
                throw .badResponse("\(target) sent another amount of bytes than it announced")
            }
        }
        return Response(status: status, body: ByteSlice(bytes[bodyStart...]))
    }

    private static func headLength(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for start in 0...(bytes.count - 4) where bytes[start] == 0x0d {
            if bytes[start + 1] == 0x0a && bytes[start + 2] == 0x0d && bytes[start + 3] == 0x0a { return start + 4 }
        }
        return nil
    }
}
