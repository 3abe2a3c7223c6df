import HoldfastClient

extension Command {
    private static let ownerFlags = [
        Flag("client", "ID", "for clients with this client.id, together"),
        Flag(switch: "any-client", "for every client.id that has none of its own, each alone"),
        Flag("user", "NAME", "for this user; without authentication everybody is ANONYMOUS"),
        Flag(switch: "any-user", "for every user that has none of their own, each alone"),
    ]

    static let quotaList = Command(
        "quota list", "print what clients may use of each node", flags: [.bootstrap]
    ) { arguments throws(CommandFailure) in
        let admin = try admin(arguments)
        let quotas = try asking { () throws(HoldfastError) in try admin.listQuotas() }
        let rows = quotas.map { [cell($0.owner.user), cell($0.owner.client), $0.name, number($0.value)] }
        try Output.printAll(TextTable(rows: [["USER", "CLIENT", "QUOTA", "VALUE"]] + rows).text)
        return 0
    }

    static let quotaSet = Command(
        "quota set", "limit what clients may use of each node",
        operands: "[QUOTA=VALUE]...",
        flags: [.bootstrap] + ownerFlags + [Flag("delete", "QUOTA", "take it away", need: .repeated)],
        details: """
            producer_byte_rate and consumer_byte_rate are bytes per second; request_percentage is the share of the event
            loop's time. Of several quotas that fit a client the most special one counts, alone.
            """
    ) { arguments throws(CommandFailure) in
        let owner = QuotaOwner(
            user: try ownerName("user", arguments), client: try ownerName("client", arguments))
        if owner.user == nil && owner.client == nil {
            throw .usage("for whom? Give --client, --any-client, --user or --any-user")
        }
        var changes: [(name: String, value: Double?)] = []
        for text in arguments.operands { changes.append(try quota(text)) }
        changes += arguments.all("delete").map { ($0, nil) }
        if changes.isEmpty { throw .usage("nothing to change: give QUOTA=VALUE or --delete QUOTA") }
        let admin = try admin(arguments)
        try asking { () throws(HoldfastError) in try admin.setQuotas(of: owner, changes) }
        try Output.printAll("set \(changes.count) \(changes.count == 1 ? "quota" : "quotas")\n")
        return 0
    }

    private static func ownerName(
        _ flag: String, _ arguments: Arguments
    ) throws(CommandFailure) -> QuotaOwner.Name? {
        let isAny = arguments.has("any-" + flag)
        guard arguments.has(flag) else { return isAny ? .anyOther : nil }
        if isAny { throw .usage("--\(flag) and --any-\(flag) exclude each other; give one") }
        return .named(try arguments.text(flag))
    }

    private static func quota(_ text: String) throws(CommandFailure) -> (name: String, value: Double?) {
        guard let setting = setting(text) else { throw .usage("'\(text)' is not QUOTA=VALUE") }
        guard let value = Double(setting.value), value > 0, value.isFinite else {
            throw .usage("\(setting.name): '\(setting.value)' is not a number above 0")
        }
        return (setting.name, value)
    }

    private static func cell(_ name: QuotaOwner.Name?) -> String {
        switch name {
        case nil: "-"
        case .anyOther: "(any other)"
        case .named(let name): name
        }
    }

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
