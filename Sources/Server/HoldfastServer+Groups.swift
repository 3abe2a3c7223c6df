import Broker
import Bytes
import Node

/// Consumer groups, as this node has applied what they committed.
extension HoldfastServer {
    /// On the leader only: elsewhere a consumer could seem ahead of the partition's end.
    func groupMetrics(into page: inout MetricsPage) {
        guard node.replica.isLeader else { return }
        let broker = node.replica.broker
        let groups = broker.allGroups.sorted { $0.name < $1.name }
        for group in groups {
            page.gauge(
                "holdfast_group_members", "members of a consumer group", group.memberCount,
                labels: "group=\"\(MetricsPage.escaped(group.name))\"")
        }
        for group in groups {
            for offset in group.offsets {
                guard let lag = broker.lag(behind: offset), let topic = broker.topic(number: offset.key.topic) else {
                    continue
                }
                page.gauge(
                    "holdfast_group_lag", "records of a partition that a group has not yet committed", lag,
                    labels: "group=\"\(MetricsPage.escaped(group.name))\",topic=\"\(topic.name)\","
                        + "partition=\"\(offset.key.partition)\"")
            }
        }
    }

    var groupsDocument: JSONValue {
        let broker = node.replica.broker
        return .array(broker.allGroups.sorted { $0.name < $1.name }.map { group in
            .object([
                ("name", .string(group.name)),
                ("generation", .integer(Int64(group.membership?.epoch ?? group.generation.number))),
                ("members", .integer(Int64(group.memberCount))),
                ("partitions", .integer(Int64(group.offsets.count))),
                ("lag", .integer(group.offsets.reduce(0) { $0 + (broker.lag(behind: $1) ?? 0) })),
            ])
        })
    }
}

extension Broker {
    /// Records from a committed offset to the partition's end; nil if there is no such partition.
    fileprivate func lag(behind offset: CommittedOffset) -> Int64? {
        partition(offset.key).map { max($0.endOffset - max(offset.offset, $0.logStartOffset), 0) }
    }
}

extension MetricsPage {
    /// A label's value: text that clients chose.
    static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
