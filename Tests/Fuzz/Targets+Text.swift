import Bytes
import Ports

@testable import Server
@testable import SystemIO

extension FuzzTarget {
    static let httpRequest = FuzzTarget(
        "http-request", "heads of requests to the admin port",
        seeds: {
            [
                "GET /status HTTP/1.1\r\nHost: a:1\r\nConnection: close", "HEAD /a%20b?x=1&y=%41+2 HTTP/1.0",
                "POST /cluster/add HTTP/1.1\r\nContent-Length: 5\r\nConnection: keep-alive",
            ].map { ByteSlice(utf8: $0) }
        },
        run: { input in
            guard let request = accepted({ try HTTPRequest(head: input.array[...]) }) else { return }
            require(request.path.hasPrefix("/"), "a path starts with a slash")
        })

    static let httpResponse = FuzzTarget(
        "http-response", "responses as the command-line tools read them",
        seeds: {
            [
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.0 503 No\r\n\r\nnot ready\n",
                "HTTP/1.1 200\r\nX: y\r\ncontent-length : 0\r\n\r\n",
            ].map { ByteSlice(utf8: $0) }
        },
        run: { input in
            guard let response = accepted({ try BlockingHTTP.parse(input.array, "target") }) else { return }
            require(response.body.count <= input.count, "the body is part of the answer")
        })

    static let json = FuzzTarget(
        "json", "JSON texts; what is read survives writing and reading",
        seeds: {
            [
                #"{"a":[1,-2,3.5e1,true,false,null],"b":{"c":"\u00e9\ud834\udd1e\n\"\\"}}"#, "[[[[]]]]",
                " 12 ", "\"x\"",
            ].map { ByteSlice(utf8: $0) }
        },
        run: { input in
            guard let value = accepted({ try JSONValue(parsing: input.text) }) else { return }
            require(try JSONValue(parsing: value.encoded) == value, "\(value.encoded) survives")
        })

    static let configuration = FuzzTarget(
        "configuration", "configuration files, with the addresses in them",
        seeds: {
            [
                "data = /d\nnode-id = 1\npeers = 1=a:7001,2=[::1]:7002\n# more\nkafka-nodes = 1=b:9092\n",
                "data=x\nnode-id=2\npeers=2=h:1\nkafka-advertise=h:2\nsegment-bytes=16777216\nmax-request-bytes=1024",
            ].map { ByteSlice(utf8: $0) }
        },
        run: { input in
            let text = input.text
            _ = ClusterID(text)
            _ = accepted {
                let values = try SettingValues(
                    arguments: ["--config", "f"], environment: [:], readFile: { _ in text })
                return try Configuration(values)
            }
        })
}
