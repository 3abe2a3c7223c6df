import Bytes
import Server

/// What one node said of itself, or why it did not.
enum NodeReport {
    /// The document of its `/status`.
    case answered(Address, JSONValue)
    case unreachable(Address, String)

    var document: JSONValue? {
        guard case .answered(_, let document) = self else { return nil }
        return document
    }
}

/// The nodes' own reports, put together.
struct ClusterStatus {
    let nodes: [NodeReport]
    /// Named by a majority of the nodes asked, in the same term.
    let leader: Int64?
    /// The highest term heard of.
    let term: Int64

    init(nodes: [NodeReport]) {
        self.nodes = nodes
        let documents = nodes.compactMap(\.document)
        term = documents.compactMap { $0["term"]?.int }.max() ?? 0
        var votes: [(leader: Int64, term: Int64, count: Int)] = []
        for document in documents {
            guard let leader = document["leader"]?.int, let term = document["term"]?.int else { continue }
            if let known = votes.firstIndex(where: { $0.leader == leader && $0.term == term }) {
                votes[known].count += 1
            } else {
                votes.append((leader, term, 1))
            }
        }
        leader = votes.first { $0.count > nodes.count / 2 }?.leader
    }

    /// The document of the leader, or else of the node that has applied most.
    private var best: JSONValue? {
        let documents = nodes.compactMap(\.document)
        return documents.first { $0["node"]?.int == leader && leader != nil }
            ?? documents.max { ($0["applied"]?.int ?? 0) < ($1["applied"]?.int ?? 0) }
    }

    private var topics: [JSONValue] { best?["topics"]?.elements ?? [] }
    private var groups: [JSONValue] { best?["groups"]?.elements ?? [] }

    // MARK: For programs

    var json: JSONValue {
        .object([
            ("nodes", .array(nodes.map(Self.json))), ("leader", leader.map { .integer($0) } ?? .null),
            ("term", .integer(term)), ("topics", .array(topics)),
            ("groups", .array(groups)),
        ])
    }

    private static func json(_ report: NodeReport) -> JSONValue {
        switch report {
        case .answered(let address, let document):
            var members: [(String, JSONValue)] = [
                ("id", document["node"] ?? .null), ("address", .string("\(address)")), ("reachable", .bool(true)),
            ]
            if case .object(let own) = document { members += own.filter { $0.0 != "node" } }
            return .object(members)
        case .unreachable(let address, let reason):
            return .object([
                ("id", .null), ("address", .string("\(address)")), ("reachable", .bool(false)),
                ("error", .string(reason)),
            ])
        }
    }

    // MARK: For people

    var table: String {
        let titles = ["NODE", "ROLE", "TERM", "LEADER", "COMMIT", "APPLIED", "LAG", "READY", "DISK FREE", "ADMIN"]
        var text = TextTable(rows: [titles] + nodes.map(row)).text
        if !topics.isEmpty {
            let titles = ["TOPIC", "PARTITIONS", "RECORDS", "BYTES", "COPIES"]
            text += "\n" + TextTable(rows: [titles] + topics.map { topic in
                [
                    topic["name"]?.text ?? "?", Self.number(topic["partitions"]), Self.number(topic["records"]),
                    Self.number(topic["bytes"]), copies(of: topic),
                ]
            }).text
        }
        if !groups.isEmpty {
            text += "\n" + TextTable(rows: [["GROUP", "MEMBERS", "PARTITIONS", "LAG"]] + groups.map { group in
                [
                    group["name"]?.text ?? "?", Self.number(group["members"]), Self.number(group["partitions"]),
                    Self.number(group["lag"]),
                ]
            }).text
        }
        return text + "\n" + summary + "\n"
    }

    private var summary: String {
        let answered = nodes.count { $0.document != nil }
        guard let leader else {
            return "no leader is known to a majority: \(answered) of \(nodes.count) nodes answered"
        }
        let isStopped = best?["intakeStopped"]?.flag == true
        return "leader: node \(leader), term \(term); \(answered) of \(nodes.count) nodes answered"
            + (isStopped ? "\nno records are taken: disks are low on space" : "")
    }

    private func row(_ report: NodeReport) -> [String] {
        switch report {
        case .unreachable(let address, let reason):
            return ["?", "unreachable", "-", "-", "-", "-", "-", "no", "-", "\(address) (\(reason))"]
        case .answered(let address, let document):
            let ready = document["ready"]?.flag == true
            return [
                Self.number(document["node"]), role(of: document), Self.number(document["term"]),
                Self.number(document["leader"]), Self.number(document["commit"]), Self.number(document["applied"]),
                lag(of: document), ready ? "yes" : "no", free(of: document), "\(address)",
            ]
        }
    }

    private func role(of document: JSONValue) -> String {
        if document["learners"]?.elements.contains(document["node"] ?? .null) == true { return "learner" }
        if document["member"]?.flag == false { return "no member" }
        return (document["role"]?.text ?? "?") + (document["rejoining"]?.flag == true ? " (rejoining)" : "")
    }

    /// Room on the node's disk, and whether that is too little.
    private func free(of document: JSONValue) -> String {
        guard let disk = document["disk"], let free = disk["free"]?.int else { return "-" }
        return Figures.bytes(free) + (disk["low"]?.flag == true ? " (low)" : "")
    }

    /// Entries that the node has not yet fsynced, as the leader sees it.
    private func lag(of document: JSONValue) -> String {
        guard let leader, let node = document["node"]?.int else { return "-" }
        if node == leader { return "0" }
        let followers = nodes.compactMap(\.document).first { $0["node"]?.int == leader }?["followers"]?.elements
        return Self.number(followers?.first { $0["node"]?.int == node }?["lag"])
    }

    /// On how many voters' disks, or in their memories, an acks=all record is before it is acknowledged, of how many
    /// there are, and what is missing; and whether acks=1 asks for less.
    private func copies(of topic: JSONValue) -> String {
        guard let copies = topic["copies"]?.int, let voters = best?["voters"]?.elements.count else { return "-" }
        let inTouch = best?["role"]?.text == "leader" ? best?["inTouch"]?.int : nil
        return "\(copies)/\(voters)" + (inTouch.map { $0 < copies ? " (\($0) in touch)" : "" } ?? "")
            + (topic["flush"]?.text == "async" ? ", in memory" : "")
            + (topic["leaderAcks"]?.flag == true ? ", acks=1: leader" : "")
    }

    private static func number(_ value: JSONValue?) -> String { value?.int.map { "\($0)" } ?? "-" }
}
