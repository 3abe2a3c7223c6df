import HoldfastClient

extension Command {
    private static let groupFlag = Flag("group", "NAME", "the group", need: .required)

    static let groupList = Command(
        "group list", "print the consumer groups and their states", flags: [.bootstrap]
    ) { arguments throws(CommandFailure) in
        let admin = try admin(arguments)
        let groups = try asking { () throws(HoldfastError) in try admin.listGroups() }
        let rows = groups.map { [$0.name, $0.state, $0.protocolType.isEmpty ? "-" : $0.protocolType] }
        try Output.printAll(TextTable(rows: [["GROUP", "STATE", "PROTOCOL"]] + rows).text)
        return 0
    }

    static let groupDescribe = Command(
        "group describe", "show a group's members, what they read, and how far they are", flags: [.bootstrap, groupFlag]
    ) { arguments throws(CommandFailure) in
        let name = try arguments.text("group")
        let admin = try admin(arguments)
        let group = try asking { () throws(HoldfastError) in try admin.describeGroup(name) }
        try Output.printAll(page(group))
        return 0
    }

    static let groupDelete = Command(
        "group delete", "delete a group without members, and its offsets", flags: [.bootstrap, groupFlag]
    ) { arguments throws(CommandFailure) in
        let name = try arguments.text("group")
        let admin = try admin(arguments)
        try asking { () throws(HoldfastError) in try admin.deleteGroup(name) }
        try Output.printAll("deleted group '\(name)'\n")
        return 0
    }

    static let groupResetOffsets = Command(
        "group reset-offsets", "set where a group without members reads on",
        flags: [
            .bootstrap, groupFlag, Flag("topic", "NAME", "the topic", need: .required),
            Flag("partition", "N", "one partition (without it, all)"),
            Flag("to", "earliest|latest|OFFSET", "the next offset to read", need: .required),
        ]
    ) { arguments throws(CommandFailure) in
        let name = try arguments.text("group")
        let topic = try arguments.text("topic")
        let target = try OffsetTarget(arguments.text("to"))
        let only = arguments.has("partition") ? try arguments.integer("partition", in: 0...1_000_000) : nil
        let admin = try admin(arguments)
        let ranges = try asking { () throws(HoldfastError) in try admin.offsets(of: topic) }
        if let only, !ranges.indices.contains(only) {
            throw .failed("topic '\(topic)' has \(ranges.count) partitions, none with the number \(only)")
        }
        var offsets: [TopicPartition: Int64] = [:]
        for (number, range) in ranges.enumerated() where only == nil || only == number {
            offsets[TopicPartition(topic: topic, partition: Int32(number))] = try target.offset(in: range, of: number)
        }
        try asking { () throws(HoldfastError) in try admin.commitOffsets(offsets, of: name) }
        let rows = offsets.keys.sorted().map { ["\($0.topic)", "\($0.partition)", "\(offsets[$0] ?? 0)"] }
        try Output.printAll(TextTable(rows: [["TOPIC", "PARTITION", "NEXT OFFSET"]] + rows).text)
        return 0
    }

    private static func page(_ group: GroupDescription) -> String {
        var text = "group '\(group.name)': \(group.state)"
        if !group.assignor.isEmpty { text += ", assigned by '\(group.assignor)'" }
        text += ", \(group.members.count) members\n"
        if !group.progress.isEmpty {
            let titles = ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER", "HOST"]
            text += "\n" + TextTable(rows: [titles] + group.progress.map { row($0, group.members) }).text
        }
        let idle = group.members.filter(\.partitions.isEmpty)
        if !idle.isEmpty {
            text += "\n" + TextTable(rows: [["WITHOUT PARTITIONS", "HOST"]] + idle.map { [$0.id, $0.host] }).text
        }
        return text
    }

    private static func row(_ progress: GroupDescription.Progress, _ members: [GroupDescription.Member]) -> [String] {
        let owner = members.first { $0.partitions.contains(progress.partition) }
        return [
            progress.partition.topic, "\(progress.partition.partition)", progress.committed.map { "\($0)" } ?? "-",
            "\(progress.end)", progress.lag.map { "\($0)" } ?? "-", owner?.id ?? "-", owner?.host ?? "-",
        ]
    }
}

/// What `--to` says.
private enum OffsetTarget {
    case earliest
    case latest
    case offset(Int64)

    init(_ text: String) throws(CommandFailure) {
        switch text {
        case "earliest": self = .earliest
        case "latest": self = .latest
        default:
            guard let offset = Int64(text), offset >= 0 else {
                throw .usage("--to '\(text)' is neither earliest, latest nor an offset")
            }
            self = .offset(offset)
        }
    }

    func offset(in range: OffsetRange, of partition: Int) throws(CommandFailure) -> Int64 {
        switch self {
        case .earliest: return range.start
        case .latest: return range.end
        case .offset(let offset):
            guard offset >= range.start, offset <= range.end else {
                throw .failed("partition \(partition) has offsets \(range.start) to \(range.end), not \(offset)")
            }
            return offset
        }
    }
}
