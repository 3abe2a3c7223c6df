/// What is limited. Numbers are in the log and never reused.
package enum QuotaKind: UInt8, CaseIterable, Sendable {
    case producerByteRate = 1
    case consumerByteRate = 2
    case requestPercentage = 3

    /// Kafka's name.
    package var name: String {
        switch self {
        case .producerByteRate: "producer_byte_rate"
        case .consumerByteRate: "consumer_byte_rate"
        case .requestPercentage: "request_percentage"
        }
    }
}

/// A quota to be set or, without a value, removed. The value is the bits of a floating-point number, as on the wire:
/// replicated state does not calculate with it.
package struct QuotaChange: Hashable, Sendable {
    package let kind: QuotaKind
    package let bits: UInt64?

    package init(kind: QuotaKind, bits: UInt64?) {
        self.kind = kind
        self.bits = bits
    }
}
