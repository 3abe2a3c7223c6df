import Broker
import KafkaWire

/// What AlterClientQuotas asks for one entity, and the command that does it. The rules are those of Kafka's controller.
struct QuotaAlteration {
    private static let maximumEntities = 10_000

    let entry: AlterClientQuotasRequest.Entry

    func plan(_ table: QuotaTable) throws(Refusal) -> Command {
        let entity = try Self.entity(entry.entity)
        var changes: [QuotaChange] = []
        for operation in entry.operations {
            guard let kind = QuotaKind.allCases.first(where: { $0.name == operation.key }) else {
                throw Refusal(.invalidRequest, "there is no quota '\(operation.key)'")
            }
            if changes.contains(where: { $0.kind == kind }) {
                throw Refusal(.invalidRequest, "quota '\(operation.key)' is given twice")
            }
            if !operation.remove { try check(Double(bitPattern: operation.valueBits), kind) }
            changes.append(QuotaChange(kind: kind, bits: operation.remove ? nil : operation.valueBits))
        }
        if table.entries.count >= Self.maximumEntities, !table.entries.contains(where: { $0.entity == entity }) {
            throw Refusal(.policyViolation, "\(Self.maximumEntities) entities have quotas already")
        }
        return .setQuotas(entity, changes: changes)
    }

    private func check(_ value: Double, _ kind: QuotaKind) throws(Refusal) {
        guard value > 0, value.isFinite else { throw Refusal(.invalidRequest, "\(kind.name) must be greater than 0") }
        if kind == .requestPercentage { return }
        guard value < 0x1p63, value.rounded() == value else {
            throw Refusal(.invalidRequest, "\(kind.name) must be a whole number of 63 bits")
        }
    }

    static func entity(_ parts: [KafkaQuotaEntity]) throws(Refusal) -> QuotaEntity {
        var user: QuotaEntity.Name?
        var client: QuotaEntity.Name?
        for part in parts {
            if part.entityName?.isEmpty == true { throw Refusal(.invalidRequest, "an entity's name is empty") }
            let name = part.entityName.map { QuotaEntity.Name.named($0) } ?? .standard
            switch part.entityType {
            case "user" where user == nil: user = name
            case "client-id" where client == nil: client = name
            case "user", "client-id":
                throw Refusal(.invalidRequest, "the entity has two parts of type '\(part.entityType)'")
            default: throw Refusal(.invalidRequest, "there are no quotas by '\(part.entityType)'")
            }
        }
        if user == nil && client == nil { throw Refusal(.invalidRequest, "the entity is empty") }
        return QuotaEntity(user: user, client: client)
    }
}

/// Which entities DescribeClientQuotas asks for.
struct QuotaFilter {
    private enum Match {
        case name(QuotaEntity.Name)
        case any
    }

    private var user: Match?
    private var client: Match?
    private let isStrict: Bool
    /// There are no quotas by address.
    private var asksForOthers = false

    init(_ request: DescribeClientQuotasRequest) throws(Refusal) {
        isStrict = request.strict
        var types: Set<String> = []
        for component in request.components {
            if !types.insert(component.entityType).inserted {
                throw Refusal(.invalidRequest, "the filter has two components of type '\(component.entityType)'")
            }
            let match = try Self.match(component)
            switch component.entityType {
            case "user": user = match
            case "client-id": client = match
            case "ip": asksForOthers = true
            default: throw Refusal(.unsupportedVersion, "there are no quotas by '\(component.entityType)'")
            }
        }
    }

    private static func match(_ component: DescribeClientQuotasRequest.Component) throws(Refusal) -> Match {
        switch component.matchType {
        case 0:
            guard let name = component.match else { throw Refusal(.invalidRequest, "a name to match is missing") }
            return .name(.named(name))
        case 1 where component.match == nil: return .name(.standard)
        case 2 where component.match == nil: return .any
        case 1, 2: throw Refusal(.invalidRequest, "a name to match is given where none belongs")
        default: throw Refusal(.invalidRequest, "match type \(component.matchType) is unknown")
        }
    }

    func accepts(_ entity: QuotaEntity) -> Bool {
        !asksForOthers && accepts(entity.user, user) && accepts(entity.client, client)
    }

    private func accepts(_ name: QuotaEntity.Name?, _ match: Match?) -> Bool {
        switch match {
        case nil: !isStrict || name == nil
        case .any: name != nil
        case .name(let wanted): name == wanted
        }
    }
}
