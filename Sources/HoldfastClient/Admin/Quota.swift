import KafkaWire

/// Whom a quota is for, as in Kafka (KIP-55): a user, a client id, or both. Users are told apart by authentication;
/// without it everybody is `ANONYMOUS`.
public struct QuotaOwner: Hashable, Sendable {
    public enum Name: Hashable, Sendable {
        case named(String)
        /// Whoever has no quota of the same kind under a name of their own. Each has it alone.
        case anyOther
    }

    /// nil: whatever the user.
    public let user: Name?
    /// nil: whatever the client id.
    public let client: Name?

    public init(user: Name? = nil, client: Name? = nil) {
        self.user = user
        self.client = client
    }
}

/// What somebody may use of a node.
public struct Quota: Equatable, Sendable {
    public let owner: QuotaOwner
    /// "producer_byte_rate" and "consumer_byte_rate" in bytes per second, "request_percentage" in per cent of the event
    /// loop's time.
    public let name: String
    public let value: Double
}

/// Quotas of clients.
extension HoldfastAdmin {
    /// All quotas, ordered by owner and name.
    public func listQuotas() throws(HoldfastError) -> [Quota] {
        try cluster.retrying("listing the quotas") { attempt throws(ExchangeFailure) in
            if attempt > 0 || self.cluster.metadata.controller == nil {
                try self.cluster.refresh(topics: [], rotating: attempt > 0)
            }
            let answer = try self.cluster.ask(
                DescribeClientQuotasRequest(components: []), DescribeClientQuotasResponse.self, .controller)
            if answer.errorCode.isError {
                throw ClusterClient.failure(answer.errorCode, "the quotas", answer.errorMessage)
            }
            return (answer.entries ?? []).flatMap { entry in
                let owner = QuotaOwner(entry.entity)
                return entry.values.map { Quota(owner: owner, name: $0.key, value: Double(bitPattern: $0.valueBits)) }
            }.sorted { ($0.owner.order, $0.name) < ($1.owner.order, $1.name) }
        }
    }

    /// Sets quotas of one owner, all of them or none; the others stay as they are. A nil value takes a quota away.
    public func setQuotas(
        of owner: QuotaOwner, _ changes: [(name: String, value: Double?)]
    ) throws(HoldfastError) {
        let request = AlterClientQuotasRequest(entries: [
            .init(entity: owner.parts, operations: changes.map {
                .init(key: $0.name, valueBits: ($0.value ?? 0).bitPattern, remove: $0.value == nil)
            })
        ])
        // To be done twice does no harm.
        var mayBeDone = false
        try cluster.retrying("setting quotas") { attempt throws(ExchangeFailure) in
            let answer = try self.tell(request, AlterClientQuotasResponse.self, attempt, &mayBeDone)
            guard let result = answer.entries.first else { throw .failed(.malformed("no outcome for the quotas")) }
            try Self.check(result.errorCode, "the quotas", result.errorMessage, &mayBeDone)
        }
    }
}

extension QuotaOwner {
    init(_ parts: [KafkaQuotaEntity]) {
        let name = { (type: String) -> Name? in
            parts.first { $0.entityType == type }.map { $0.entityName.map { .named($0) } ?? .anyOther }
        }
        self.init(user: name("user"), client: name("client-id"))
    }

    var parts: [KafkaQuotaEntity] {
        [("user", user), ("client-id", client)].compactMap { type, name in
            switch name {
            case nil: nil
            case .anyOther: KafkaQuotaEntity(entityType: type, entityName: nil)
            case .named(let name): KafkaQuotaEntity(entityType: type, entityName: name)
            }
        }
    }

    /// Nobody in particular first, then those with names.
    var order: String { [user, client].map(Self.order).joined(separator: "\u{0}") }

    private static func order(_ name: Name?) -> String {
        switch name {
        case nil: "0"
        case .anyOther: "1"
        case .named(let name): "2" + name
        }
    }
}
