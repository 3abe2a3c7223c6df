import Bytes
import KafkaWire

/// A frame that another implementation encoded, of the sample that `TestValues(counting: start)` gives. Its correlation
/// id is 1000 + version; a request's client id is "client-<version>", or null where the version is a multiple of 3.
struct GoldenFrame: CustomStringConvertible {
    let key: ApiKey
    let version: Int16
    let start: Int
    let bytes: ByteSlice

    init(_ key: ApiKey, _ version: Int16, start: Int, _ hex: String) {
        self.key = key
        self.version = version
        self.start = start
        bytes = ByteSlice(GoldenFrame.decode(hex))
    }

    var description: String { "\(key) version \(version)" }

    static func decode(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "\n"): nil
            default: preconditionFailure("not a hex digit: \(digit)")
            }
        }
        precondition(digits.count % 2 == 0, "half a byte")
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
