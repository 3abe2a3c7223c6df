import Broker
import Bytes
import KafkaWire

/// A session's share of its client's quotas.
struct SessionQuotas {
    fileprivate var clientID: ByteSlice?
    fileprivate var changedAt: UInt64 = 0
    fileprivate var produce: QuotaBucket?
    fileprivate var fetch: QuotaBucket?
    fileprivate var request: QuotaBucket?
    /// When the request began that is being handled, by the gateway's stopwatch, if its time counts.
    fileprivate var began: UInt64?
}

/// As KIP-219 has it: a response leaves at once and says how long the client is to wait, and the connection is not read
/// from for as long.
extension KafkaSession {
    func beginQuotas(_ header: KafkaRequestHeader) {
        let table = gateway.broker.quotas
        guard table.changedAt > 0, !isForwarded else { return }
        if quotas.changedAt != table.changedAt || quotas.clientID != header.clientId {
            let client = header.clientId?.text ?? ""
            quotas = SessionQuotas(
                clientID: header.clientId?.detached(), changedAt: table.changedAt,
                produce: gateway.quotas.bucket(.producerByteRate, client: client),
                fetch: gateway.quotas.bucket(.consumerByteRate, client: client),
                request: gateway.quotas.bucket(.requestPercentage, client: client))
        }
        quotas.began = quotas.request == nil ? nil : gateway.stopwatch?()
    }

    /// The request is carried out or on its way; what of its time has not been charged is now.
    func endQuotas() {
        _ = chargeTime()
        quotas.began = nil
    }

    /// A produce request of so many bytes. Nobody hears of a wait after acks=0, but the connection is muted.
    func chargeProduce(_ bytes: Int, acks: Int16) -> Int32 {
        guard let bucket = quotas.produce else { return chargeTime() }
        return max(throttle(bucket.charge(Double(bytes), now: now)), acks == 0 ? 0 : chargeTime())
    }

    /// A fetch response with so many bytes of records.
    func chargeFetch(_ bytes: Int) -> Int32 {
        guard let bucket = quotas.fetch else { return chargeTime() }
        return max(throttle(bucket.charge(Double(bytes), now: now)), chargeTime())
    }

    private var now: UInt64 { gateway.node.clock.monotonicNanoseconds }

    /// Kafka lets nobody wait longer than a second for time used.
    private static let longestTimeWait: Int32 = 1000

    private func chargeTime() -> Int32 {
        guard let bucket = quotas.request, let began = quotas.began, let time = gateway.stopwatch?() else { return 0 }
        quotas.began = time
        return throttle(min(bucket.charge(Double(time - began), now: now), Self.longestTimeWait))
    }

    private func throttle(_ milliseconds: Int32) -> Int32 {
        guard milliseconds > 0 else { return 0 }
        gateway.metrics.throttledRequests += 1
        let end = now + UInt64(milliseconds) * 1_000_000
        if mutedUntil == 0 { gateway.markMuted(self) }
        if end > mutedUntil {
            gateway.metrics.throttleMilliseconds += (end - max(mutedUntil, now)) / 1_000_000
            mutedUntil = end
        }
        pauseIfFull()
        return milliseconds
    }

    /// The connection is to be read from again.
    func unmute() {
        mutedUntil = 0
        resume()
    }
}
