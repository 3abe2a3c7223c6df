/// A topic id: 128 bits, zero when absent.
package struct KafkaUUID: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static let zero = KafkaUUID(high: 0, low: 0)
}

extension KafkaUUID: CustomStringConvertible {
    /// 22 characters of URL-safe base 64 without padding, as Kafka's own tools print it.
    package var description: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var rest = (high, low)
        for _ in 0..<22 {
            text.append(alphabet[Int(rest.0 >> 58)])
            rest = (rest.0 << 6 | rest.1 >> 58, rest.1 << 6)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
