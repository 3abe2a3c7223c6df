import Testing

@testable import Bytes

@Suite struct JSONTests {
    @Test func roundTrip() throws {
        let value = JSONValue.object([
            ("a", .integer(-9_007_199_254_740_993)), ("b", .array([.null, .bool(true), .bool(false)])),
            ("c\n\"\\", .string("\u{1}é😀")), ("d", .object([])),
        ])
        #expect(try JSONValue(parsing: value.encoded) == value)
        #expect(value["a"]?.int == -9_007_199_254_740_993)
    }

    @Test func escapesAndNumbers() throws {
        #expect(try JSONValue(parsing: #" [ "\u0041\ud83d\ude00\/" , 1.5e1 ] "#)
            == .array([.string("A😀/"), .double(15)]))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "tru", "\"\u{1}\"", "\"\\ud800\"",
        "\"\\u+041\"", "\"\\u-000\"", "\"\\ud83d \\ude00\"", "1 2", "\"a", "nan", "[1 2]", "{\"a\":1,}", "\\u",
    ])
    func badTextIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func deepNestingIsRefused() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 100_000)) }
    }
}
