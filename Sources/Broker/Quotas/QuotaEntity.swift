/// Whom a quota is for (KIP-13, KIP-55): a user, a client id, or both. At least one of them.
package struct QuotaEntity: Hashable, Sendable {
    package enum Name: Hashable, Sendable {
        /// Whoever has no quota under his own name.
        case standard
        case named(String)
    }

    package let user: Name?
    package let client: Name?

    package init(user: Name?, client: Name?) {
        self.user = user
        self.client = client
    }
}

extension QuotaEntity.Name {
    /// None first, then the standard, then by name.
    static func precedes(_ one: Self?, _ other: Self?) -> Bool {
        switch (one, other) {
        case (_, nil): false
        case (nil, _): true
        case (.standard, .standard): false
        case (.standard, .named): true
        case (.named, .standard): false
        case (.named(let one), .named(let other)): one < other
        }
    }
}

extension QuotaEntity {
    func precedes(_ other: QuotaEntity) -> Bool {
        if user != other.user { return Name.precedes(user, other.user) }
        return Name.precedes(client, other.client)
    }
}
