// swift-tools-version: 6.2
import PackageDescription

// Arrows point down only; Tests/TidyTests reads the sources and fails on an import that breaks this table.
let package = Package(
    name: "Holdfast",
    products: [
        .executable(name: "holdfast", targets: ["holdfast"]),
        .library(name: "HoldfastClient", targets: ["HoldfastClient"]),
    ],
    targets: [
        .target(name: "CSystem"),
        .target(name: "Planted"),
        .target(name: "Bytes", dependencies: ["CSystem"]),
        .target(name: "Ports", dependencies: ["Bytes"]),
        .target(name: "Raft", dependencies: ["Planted"]),
        .target(name: "Records", dependencies: ["Bytes"]),
        .systemLibrary(name: "CPcre2", providers: [.apt(["libpcre2-dev"])]),
        .target(name: "NamePatterns", dependencies: ["CPcre2"]),
        .target(name: "Broker", dependencies: ["Planted", "Bytes", "Records"]),
        .target(name: "LogStore", dependencies: ["Planted", "Bytes", "Ports"]),
        .target(name: "Node", dependencies: ["Planted", "Bytes", "Ports", "Raft", "Records", "Broker", "LogStore"]),
        .target(name: "KafkaWire", dependencies: ["Bytes", "Records"]),
        .target(name: "KafkaGateway", dependencies: ["Planted", "KafkaWire", "Bytes", "Ports", "Records", "NamePatterns", "Broker", "Node"]),
        .target(name: "SystemIO", dependencies: ["CSystem", "Bytes", "Ports"]),
        .target(name: "Server", dependencies: ["SystemIO", "KafkaGateway", "KafkaWire", "Node", "LogStore", "Broker", "Records", "Raft", "Ports", "Bytes"]),
        .target(name: "HoldfastClient", dependencies: ["KafkaWire", "Records", "SystemIO", "Bytes"]),
        .target(name: "Simulator", dependencies: ["Planted", "Bytes", "Ports", "Raft", "Records", "Broker", "LogStore", "Node", "KafkaWire", "KafkaGateway"]),
        .executableTarget(name: "holdfast", dependencies: ["Planted", "Server", "HoldfastClient", "Simulator", "Node", "Raft", "LogStore", "SystemIO", "Bytes", "Ports", "KafkaWire", "Records"]),
        .testTarget(name: "BytesTests", dependencies: ["Bytes", "CSystem"]),
        .testTarget(name: "RaftTests", dependencies: ["Raft"], exclude: ["Scripts"]),
        .testTarget(name: "RecordsTests", dependencies: ["Records", "Bytes"]),
        .testTarget(name: "NamePatternsTests", dependencies: ["NamePatterns"]),
        .testTarget(name: "BrokerTests", dependencies: ["Broker", "Records", "Bytes"]),
        .testTarget(name: "LogStoreTests", dependencies: ["LogStore", "Simulator", "SystemIO", "Ports", "Bytes"]),
        .testTarget(name: "NodeTests", dependencies: ["Node", "Simulator", "Raft", "Broker", "LogStore", "Ports", "Bytes", "Records"]),
        .testTarget(name: "KafkaWireTests", dependencies: ["KafkaWire", "Records", "Bytes"]),
        .testTarget(name: "KafkaGatewayTests", dependencies: ["KafkaGateway", "KafkaWire", "Node", "Simulator", "Broker", "Records", "Bytes", "Ports"]),
        .testTarget(name: "SystemIOTests", dependencies: ["SystemIO", "Bytes", "Ports"]),
        .testTarget(name: "HoldfastClientTests", dependencies: ["HoldfastClient", "holdfast", "KafkaWire", "Records", "SystemIO", "Server", "Bytes"]),
        .testTarget(name: "SimulatorTests", dependencies: ["Simulator", "KafkaGateway", "Bytes"]),
        .testTarget(name: "ServerTests", dependencies: ["Server", "SystemIO", "Ports"]),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)
