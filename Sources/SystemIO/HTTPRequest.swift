import Bytes

/// A parsed HTTP/1.x request (RFC 9112). Only a POST may have a body, of a length that is told before.
package struct HTTPRequest: Sendable {
    package let method: String
    /// Percent-decoded, starts with "/".
    package let path: String
    /// Percent-decoded, in order of appearance; a name without "=" has an empty value.
    package let query: [(name: String, value: String)]
    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    package internal(set) var body: ByteSlice
    /// Bytes of body that follow the head.
    let bodyLength: Int
    /// Whether the client wants the connection kept.
    let keepsAlive: Bool

    /// The first value of a query parameter.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
    /// The first value of a header; `name` in lower case.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why a request is answered with an error and its connection closed.
struct HTTPProblem: Error, Equatable {
    let status: Int
    let reason: String
}

extension HTTPRequest {
    /// Parses a head without its closing empty line.
    init(head: ArraySlice<UInt8>) throws(HTTPProblem) {
        let lines = Self.lines(head)
        guard let first = lines.first else { throw HTTPProblem(status: 400, reason: "empty request") }
        let parts = first.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(Self.isToken) else {
            throw HTTPProblem(status: 400, reason: "malformed request line")
        }
        let isVersion11 = parts[2].elementsEqual("HTTP/1.1".utf8)
        guard isVersion11 || parts[2].elementsEqual("HTTP/1.0".utf8) else {
            throw HTTPProblem(status: 505, reason: "HTTP version not supported")
        }
        method = String(decoding: parts[0], as: UTF8.self)
        let target = parts[1].split(
            separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard target[0].first == UInt8(ascii: "/") else { throw HTTPProblem(status: 400, reason: "malformed target") }
        path = try Self.decode(target[0], plusIsSpace: false)
        query = target.count == 2 ? try Self.parameters(target[1]) : []
        headers = try Self.headers(lines.dropFirst())
        body = .empty
        let connection = headers.first { $0.name == "connection" }?.value.lowercased()
        keepsAlive = isVersion11 ? connection != "close" : connection == "keep-alive"
        guard ["GET", "HEAD", "POST"].contains(method) else {
            throw HTTPProblem(status: 405, reason: "only GET and POST are served")
        }
        bodyLength = try Self.bodyLength(headers)
        if bodyLength > 0, method != "POST" { throw HTTPProblem(status: 413, reason: "\(method) with a body") }
    }

    private static func bodyLength(_ headers: [(name: String, value: String)]) throws(HTTPProblem) -> Int {
        if headers.contains(where: { $0.name == "transfer-encoding" }) {
            throw HTTPProblem(status: 413, reason: "a body of unknown length is not served")
        }
        let lengths = headers.filter { $0.name == "content-length" }
        guard let first = lengths.first else { return 0 }
        let isNumber = !first.value.isEmpty && first.value.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard lengths.count == 1, isNumber else {
            throw HTTPProblem(status: 400, reason: "malformed Content-Length")
        }
        guard let length = Int(first.value) else { throw HTTPProblem(status: 413, reason: "body too long") }
        return length
    }

    private static func lines(_ head: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        for var line in head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            lines.append(line)
        }
        return lines
    }

    private static func headers(
        _ lines: ArraySlice<ArraySlice<UInt8>>
    ) throws(HTTPProblem) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for line in lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
                throw HTTPProblem(status: 400, reason: "header without a colon")
            }
            let name = line[..<colon]
            // Also refuses continuation lines and a space before the colon, which proxies disagree about.
            guard !name.isEmpty, name.allSatisfy(isToken) else {
                throw HTTPProblem(status: 400, reason: "malformed header name")
            }
            var value = line[(colon + 1)...]
            while let byte = value.first, byte == 0x20 || byte == 0x09 { value.removeFirst() }
            while let byte = value.last, byte == 0x20 || byte == 0x09 { value.removeLast() }
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw HTTPProblem(status: 400, reason: "control character in a header")
            }
            result.append((String(decoding: name, as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self)))
        }
        return result
    }

    private static func parameters(
        _ text: ArraySlice<UInt8>
    ) throws(HTTPProblem) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for pair in text.split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count == 2 ? try decode(sides[1], plusIsSpace: true) : ""
            result.append((try decode(sides[0], plusIsSpace: true), value))
        }
        return result
    }

    private static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) throws(HTTPProblem) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            var byte = text[position]
            if byte == UInt8(ascii: "%") {
                guard text.endIndex - position > 2, let high = hexDigit(text[position + 1]),
                    let low = hexDigit(text[position + 2])
                else { throw HTTPProblem(status: 400, reason: "malformed percent-encoding") }
                byte = high << 4 | low
                position += 2
            } else if plusIsSpace && byte == UInt8(ascii: "+") {
                byte = 0x20
            }
            guard byte >= 0x20 && byte != 0x7f else { throw HTTPProblem(status: 400, reason: "control character") }
            bytes.append(byte)
            position += 1
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw HTTPProblem(status: 400, reason: "target is not UTF-8")
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// `tchar` of RFC 9110 section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
