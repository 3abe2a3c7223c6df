package struct TransactionSettings: Sendable {
    /// `transaction.max.timeout.ms`
    package var maximumTimeoutMilliseconds: Int32 = 900_000
    /// `transactional.id.expiration.ms`
    package var expirationMilliseconds: Int64 = 7 * 86_400_000
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`
    package var expirationCheckMilliseconds = 3_600_000

    package init() {}
}
