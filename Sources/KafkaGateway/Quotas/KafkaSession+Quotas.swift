import Broker
import Bytes
import KafkaWire

extension KafkaSession {
    /// AlterClientQuotas (key 49, KIP-546).
    func alterClientQuotas(_ header: KafkaRequestHeader, _ request: AlterClientQuotasRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: nil,
            execute: { [self] call in alter(request, for: call) },
            refusal: { call in
                call.answer(AlterClientQuotasResponse(entries: request.entries.map {
                    .init(errorCode: call.reason.code, errorMessage: call.reason.message, entity: $0.entity)
                }))
            })
    }

    private func alter(_ request: AlterClientQuotasRequest, for call: LeaderCall) {
        var seen: Set<[KafkaQuotaEntity]> = []
        var repeated: Set<[KafkaQuotaEntity]> = []
        for entry in request.entries where !seen.insert(Self.sorted(entry.entity)).inserted {
            repeated.insert(Self.sorted(entry.entity))
        }
        let plans = AdminPlans(request.entries, limit: gateway.settings.maximumItemsPerRequest) {
            entry -> Result<Command, Refusal> in
            if repeated.contains(Self.sorted(entry.entity)) {
                return .failure(Refusal(.invalidRequest, "the request names this entity twice"))
            }
            return Result { () throws(Refusal) in try QuotaAlteration(entry: entry).plan(gateway.broker.quotas) }
        }
        carryOut(plans.commands { $0 }, validateOnly: request.validateOnly, for: call) { outcomes in
            let results = plans.settled(by: outcomes)
            call.answer(AlterClientQuotasResponse(entries: zip(request.entries, results).map { entry, result in
                guard case .failure(let refusal) = result else { return .init(entity: entry.entity) }
                return .init(errorCode: refusal.code, errorMessage: refusal.message, entity: entry.entity)
            }))
        }
    }

    private static func sorted(_ entity: [KafkaQuotaEntity]) -> [KafkaQuotaEntity] {
        entity.sorted { $0.entityType < $1.entityType }
    }

    /// DescribeClientQuotas (key 48), from what this node has applied.
    func describeClientQuotas(_ header: KafkaRequestHeader, _ request: DescribeClientQuotasRequest) {
        do {
            let filter = try QuotaFilter(request)
            let entries = gateway.broker.quotas.entries.filter { filter.accepts($0.entity) }.map { entry in
                DescribeClientQuotasResponse.Entry(
                    entity: Self.parts(entry.entity),
                    values: entry.values.map { .init(key: $0.kind.name, valueBits: $0.bits) })
            }
            respond(header, DescribeClientQuotasResponse(entries: entries))
        } catch {
            respond(header, DescribeClientQuotasResponse(
                errorCode: error.code, errorMessage: error.message, entries: nil))
        }
    }

    private static func parts(_ entity: QuotaEntity) -> [KafkaQuotaEntity] {
        [("user", entity.user), ("client-id", entity.client)].compactMap { type, name in
            switch name {
            case nil: nil
            case .standard: KafkaQuotaEntity(entityType: type, entityName: nil)
            case .named(let name): KafkaQuotaEntity(entityType: type, entityName: name)
            }
        }
    }
}
