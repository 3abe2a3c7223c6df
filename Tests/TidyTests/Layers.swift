/// The module table of the architecture: who may import whom. Arrows point down only.
enum Layers {
    /// Consensus, state machine, formats and codecs: no clock, no randomness, no I/O, the same outputs on every node.
    static let pure: Set<String> = ["Raft", "Broker", "Records", "KafkaWire", "AMQPWire", "RocketMQWire"]

    private static let codecs: Set<String> = ["KafkaWire", "AMQPWire", "RocketMQWire"]
    private static let gateways: Set<String> = ["KafkaGateway", "AMQPGateway", "RocketMQGateway"]
    private static let cores: Set<String> = ["Bytes", "Ports", "Raft", "Records", "Broker", "LogStore", "Node"]

    /// Our own modules that each module may import.
    static let own: [String: Set<String>] = [
        "CSystem": [],
        "Planted": [],
        "Bytes": ["CSystem"],
        "Ports": ["Bytes"],
        "Raft": [],
        "Records": ["Bytes"],
        "NamePatterns": ["CPcre2"],
        "Compression": ["Bytes", "Records", "CZlib", "CLz4", "CZstd", "CSnappy"],
        "Compaction": ["Bytes", "Records", "Compression"],
        "Broker": ["Bytes", "Records"],
        "LogStore": ["Bytes", "Ports"],
        "Node": ["Bytes", "Ports", "Raft", "Records", "Compaction", "Broker", "LogStore"],
        "KafkaWire": ["Bytes", "Records"],
        "AMQPWire": ["Bytes", "Records"],
        "RocketMQWire": ["Bytes", "Records"],
        "KafkaGateway": ["KafkaWire", "Bytes", "Ports", "Records", "NamePatterns", "Compression", "Broker", "Node"],
        "AMQPGateway": ["AMQPWire", "Bytes", "Ports", "Records", "Broker", "Node"],
        "RocketMQGateway": ["RocketMQWire", "Bytes", "Ports", "Records", "Broker", "Node"],
        "SystemIO": ["CSystem", "Bytes", "Ports"],
        "Server": cores.union(codecs).union(gateways).union(["SystemIO"]),
        "HoldfastClient": codecs.union(["SystemIO", "Bytes", "Records"]),
        "Simulator": cores.union(codecs).union(gateways).union(["Compression"]),
        "holdfast": cores.union(codecs).union(["Server", "SystemIO", "HoldfastClient", "Simulator"]),
    ]

    private static let plantable: Set<String> = gateways.union([
        "Raft", "Broker", "Compaction", "LogStore", "Node", "holdfast",
    ])

    /// Modules that may call the operating system.
    static let withSystem: Set<String> = ["SystemIO", "Server", "holdfast"]

    static func mayImport(_ module: String) -> Set<String> {
        var allowed = own[module] ?? []
        // Defects for the simulator to find, in test builds only.
        if plantable.contains(module) { allowed.insert("Planted") }
        if !pure.contains(module) { allowed.insert("Synchronization") }
        if withSystem.contains(module) { allowed.insert("Glibc") }
        return allowed
    }
}
