import HoldfastClient
import KafkaWire

extension Command {
    private static let topicFlags = [
        Flag("topic", "NAME", "the topic"),
        Flag("name", "NAME", "the same as --topic"),
    ]

    static let topicCreate = Command(
        "topic create", "create a topic",
        flags: [.bootstrap] + topicFlags + [
            Flag("partitions", "N", "how many partitions (without it, the cluster's default)"),
            Flag("config", "NAME=VALUE", "a topic setting, such as retention.ms=60000", need: .repeated),
        ]
    ) { arguments throws(CommandFailure) in
        let name = try topicName(arguments)
        let count = arguments.has("partitions") ? try arguments.integer("partitions", in: 1...1_000_000) : nil
        let partitions = count.map { Int32($0) }
        let configs = try arguments.all("config").map { text throws(CommandFailure) in
            guard let config = setting(text) else { throw .usage("--config '\(text)' is not NAME=VALUE") }
            return config
        }
        let admin = try admin(arguments)
        try asking { () throws(HoldfastError) in
            try admin.createTopic(name, partitions: partitions, configs: configs)
        }
        try Output.printAll("created topic '\(name)'\n")
        return 0
    }

    static let topicDelete = Command(
        "topic delete", "delete a topic and its records", flags: [.bootstrap] + topicFlags
    ) { arguments throws(CommandFailure) in
        let name = try topicName(arguments)
        let admin = try admin(arguments)
        try asking { () throws(HoldfastError) in try admin.deleteTopic(name) }
        try Output.printAll("deleted topic '\(name)'\n")
        return 0
    }

    static let topicConfigure = Command(
        "topic configure", "change settings of a topic; the others stay as they are",
        operands: "NAME [SETTING=VALUE]...",
        flags: [.bootstrap, Flag("delete", "SETTING", "return it to its default", need: .repeated)]
    ) { arguments throws(CommandFailure) in
        guard let name = arguments.operands.first, !name.isEmpty else { throw .usage("which topic? NAME is missing") }
        var changes: [(name: String, value: String?)] = []
        for text in arguments.operands.dropFirst() {
            guard let config = setting(text) else { throw .usage("'\(text)' is not SETTING=VALUE") }
            changes.append((config.name, config.value))
        }
        changes += arguments.all("delete").map { ($0, nil) }
        if changes.isEmpty { throw .usage("nothing to change: give SETTING=VALUE or --delete SETTING") }
        let admin = try admin(arguments)
        try asking { () throws(HoldfastError) in try admin.setTopicConfigs(name, changes) }
        try Output.printAll("configured topic '\(name)'\n")
        return 0
    }

    static let topicList = Command(
        "topic list", "print the names of the topics", flags: [.bootstrap]
    ) { arguments throws(CommandFailure) in
        let admin = try admin(arguments)
        let topics = try asking { () throws(HoldfastError) in try admin.listTopics() }
        try Output.printAll(topics.map { $0.name + "\n" }.joined())
        return 0
    }

    static let topicDescribe = Command(
        "topic describe", "show the partitions of a topic, their leaders and offsets, and its settings",
        flags: [.bootstrap] + topicFlags
    ) { arguments throws(CommandFailure) in
        let name = try topicName(arguments)
        let admin = try admin(arguments)
        let topic = try asking { () throws(HoldfastError) in try admin.describeTopic(name) }
        let ranges = try asking { () throws(HoldfastError) in try admin.offsets(of: name) }
        let configs = try asking { () throws(HoldfastError) in try admin.topicConfigs(name) }
        try Output.printAll(page(topic, ranges, configs))
        return 0
    }

    private static func topicName(_ arguments: Arguments) throws(CommandFailure) -> String {
        guard !arguments.has("topic") || !arguments.has("name") else {
            throw .usage("--topic and --name say the same; give one")
        }
        return try arguments.text(arguments.has("name") ? "name" : "topic")
    }

    private static func page(_ topic: TopicDescription, _ ranges: [OffsetRange], _ configs: [TopicConfig]) -> String {
        let rows = topic.partitions.map { row($0, ranges) }
        let titles = ["PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN SYNC", "START", "END"]
        var text = "topic '\(topic.name)', id \(topic.id), \(topic.partitions.count) partitions\n\n"
        text += TextTable(rows: [titles] + rows).text
        if let voters = topic.partitions.first?.replicas.count {
            let minimum = configs.first { $0.name == "min.insync.replicas" }?.value.flatMap(Int.init) ?? 1
            let isAsync = configs.contains { $0.name == "holdfast.flush" && $0.value == "async" }
            let place = isAsync && minimum <= voters / 2 + 1 ? "in memory" : "on disk"
            text += "\nacks=all: \(max(minimum, voters / 2 + 1)) of \(voters) nodes have a record \(place) first\n"
            if isAsync { text += "flush: up to 10 ms later; the crash of a majority of machines may lose records\n" }
        }
        if configs.contains(where: { $0.name == "holdfast.acks.leader" && $0.value == "allow" }) {
            text += "acks=1: the leader alone has a record on disk first, and a change of leader may lose it\n"
        }
        let own = configs.filter { !$0.isDefault }
        if !own.isEmpty {
            text += "\n" + TextTable(rows: [["SETTING", "VALUE"]] + own.map { [$0.name, $0.value ?? "-"] }).text
        }
        return text
    }

    private static func row(_ partition: TopicDescription.Partition, _ ranges: [OffsetRange]) -> [String] {
        var cells = ["\(partition.number)", "none", "\(partition.leaderEpoch)"]
        if let leader = partition.leader { cells[1] = "\(leader)" }
        cells += [list(partition.replicas), list(partition.inSyncReplicas)]
        guard ranges.indices.contains(Int(partition.number)) else { return cells + ["?", "?"] }
        let range = ranges[Int(partition.number)]
        return cells + ["\(range.start)", "\(range.end)"]
    }

    private static func list(_ nodes: [Int32]) -> String { nodes.map { "\($0)" }.joined(separator: ",") }
}
