import Broker

/// How much each client has used, on this node: quotas are per node, as in Kafka (KIP-13, KIP-124).
final class ClientQuotas {
    /// Without authentication everybody is this user.
    static let user = "ANONYMOUS"
    private static let maximumBuckets = 10_000

    private struct Name: Hashable {
        let kind: QuotaKind
        /// Whoever shares the bucket; nil where it does not matter.
        let user: String?
        let client: String?
    }

    private unowned let gateway: KafkaGateway
    private var buckets: [Name: QuotaBucket] = [:]
    /// The quotas that the buckets are for.
    private var changedAt: UInt64 = 0

    init(gateway: KafkaGateway) { self.gateway = gateway }

    /// What `client` may use of `kind`; nil for as much as it likes. Quotas are looked for in Kafka's order (KIP-55):
    /// the most special one counts, alone.
    func bucket(_ kind: QuotaKind, client: String) -> QuotaBucket? {
        let table = gateway.broker.quotas
        if changedAt != table.changedAt {
            buckets = [:]
            changedAt = table.changedAt
        }
        let user = QuotaEntity.Name.named(Self.user)
        let own = QuotaEntity.Name.named(client)
        let order: [QuotaEntity] = [
            .init(user: user, client: own), .init(user: user, client: .standard), .init(user: user, client: nil),
            .init(user: .standard, client: own), .init(user: .standard, client: .standard),
            .init(user: .standard, client: nil), .init(user: nil, client: own), .init(user: nil, client: .standard),
        ]
        for entity in order {
            guard let bits = table.bits(kind, of: entity) else { continue }
            let name = Name(
                kind: kind, user: entity.user == nil ? nil : Self.user, client: entity.client == nil ? nil : client)
            if let known = buckets[name] { return known }
            let made = QuotaBucket(perSecond: Self.rate(kind, Double(bitPattern: bits)))
            buckets[name] = made
            return made
        }
        return nil
    }

    /// Bytes, or nanoseconds of the loop's time, in a second.
    private static func rate(_ kind: QuotaKind, _ value: Double) -> Double {
        kind == .requestPercentage ? value * 10_000_000 : value
    }

    /// Clients choose their ids: those that owe nothing are forgotten when there are too many.
    func forgetIdle(now: UInt64) {
        guard buckets.count > Self.maximumBuckets else { return }
        buckets = buckets.filter { !$0.value.isIdle(at: now) }
    }
}
