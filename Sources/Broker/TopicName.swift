/// Kafka's rules for topic names.
package enum TopicName {
    package static let maximumLength = 249

    /// nil when the name is legal.
    package static func fault(of name: String) -> TopicNameFault? {
        if name.isEmpty { return .empty }
        if name == "." || name == ".." { return .dots }
        if name.utf8.count > maximumLength { return .tooLong }
        return name.utf8.allSatisfy(isLegal) ? nil : .character
    }

    /// The name as metrics see it: two topics must differ in this.
    static func metricName(of name: String) -> String {
        String(decoding: name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
