import Bytes

/// An answer of the admin server.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var contentType: String
    /// Further headers; their values must not contain line breaks.
    package var headers: [(name: String, value: String)] = []
    package var body: ByteSlice

    package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", body: ByteSlice) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, body: ByteSlice(utf8: text))
    }

    package static func json(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "application/json", body: ByteSlice(utf8: text))
    }

    package static func html(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/html; charset=utf-8", body: ByteSlice(utf8: text))
    }

    package static let notFound = HTTPResponse.text("not found\n", status: 404)

    /// Status line and headers, up to and including the empty line.
    func head(keepsAlive: Bool) -> ByteSlice {
        var text = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
        text += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        text += "Connection: \(keepsAlive ? "keep-alive" : "close")\r\n"
        for (name, value) in headers { text += "\(name): \(value.filter { !$0.isNewline })\r\n" }
        return ByteSlice(utf8: text + "\r\n")
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status \(status)"
        }
    }
}
