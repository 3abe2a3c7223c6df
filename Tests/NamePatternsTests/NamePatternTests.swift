import Testing
import NamePatterns

struct NamePatternTests {
    @Test func theWholeNameIsCompared() throws {
        let pattern = try NamePattern("orders-[a-z]+|^audit$")
        #expect(try ["orders-eu", "audit"].allSatisfy { try pattern.matches($0) })
        #expect(try !["orders-", "orders-eu2", "my-orders-eu", "audits", ""].contains { try pattern.matches($0) })
    }

    @Test(arguments: ["(", "[b-a]", "\\C", "(?<n>", "*"]) func whatIsNoPatternIsRefused(text: String) {
        let error = #expect(throws: NamePatternError.self) { try NamePattern(text) }
        #expect(error?.description.contains("at byte") == true)
    }

    @Test func aLongOneIsRefused() {
        #expect(throws: NamePatternError.self) { try NamePattern(String(repeating: "a", count: 1_025)) }
        #expect(throws: NamePatternError.self) { try NamePattern("((((a{1,999}){1,999}){1,999}){1,999})") }
    }

    /// Each of these goes back and forth for longer than anybody waits, without a bound.
    @Test(arguments: ["(a+)+[bc]", "(a|aa)+[bc]", "(a*)*[bc]", "(.*)(.*)(.*)(.*)(.*)[bc]"])
    func aComparisonEnds(text: String) throws {
        let pattern = try NamePattern(text)
        let name = String(repeating: "a", count: 249)
        let error = #expect(throws: NamePatternError.self) { try pattern.matches(name) }
        #expect(error?.description.contains("limit") == true)
        #expect(try !pattern.matches("d"), "it goes on afterwards")
    }

    @Test func ordinaryPatternsStayWithinTheBound() throws {
        let name = String(repeating: "orders.", count: 35)
        for text in [".*", "orders.*", ".*orders.*", "(orders\\.)+", "(?i)ORDERS.*", ".*\\.", "[a-z.]+"] {
            #expect(try NamePattern(text).matches(name), "\(text)")
        }
        #expect(try !NamePattern(".*x.*").matches(name))
    }
}
