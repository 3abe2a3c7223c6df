import Bytes
import KafkaWire

/// A consumer group in a list.
public struct GroupListing: Equatable, Sendable {
    public let name: String
    /// "consumer" for consumers; empty for a group that has only offsets.
    public let protocolType: String
    /// As Kafka names it: Stable, Empty, PreparingRebalance, CompletingRebalance, Reconciling.
    public let state: String
}

/// A consumer group, its members and what it has committed.
public struct GroupDescription: Equatable, Sendable {
    public struct Member: Equatable, Sendable {
        public let id: String
        /// `group.instance.id` of a static member.
        public let instance: String?
        public let client: String
        public let host: String
        /// What it reads, as far as the assignment can be read.
        public let partitions: [TopicPartition]
    }

    public struct Progress: Equatable, Sendable {
        public let partition: TopicPartition
        /// The next offset to be read; nil if nothing was committed.
        public let committed: Int64?
        /// One past the partition's last record.
        public let end: Int64

        /// Records not yet read; nil if nothing was committed.
        public var lag: Int64? { committed.map { max(end - $0, 0) } }
    }

    public let name: String
    public let state: String
    public let protocolType: String
    /// How the members share out partitions; empty while they do not agree.
    public let assignor: String
    public let members: [Member]
    /// Of each partition that is assigned or was committed, by topic and number.
    public let progress: [Progress]
}

public struct TopicPartition: Hashable, Comparable, Sendable {
    public let topic: String
    public let partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

extension GroupDescription.Member {
    init(_ member: DescribeGroupsResponse.Member) {
        id = member.memberId
        instance = member.groupInstanceId
        client = member.clientId
        host = member.clientHost
        partitions = Self.partitions(of: member.memberAssignment)
    }

    init(_ member: ConsumerGroupDescribeResponse.Member) {
        id = member.memberId
        instance = member.instanceId
        client = member.clientId
        host = member.clientHost
        partitions = member.assignment.flatMap { topic in
            topic.partitions.map { TopicPartition(topic: topic.topicName, partition: $0) }
        }.sorted()
    }

    /// The head of an assignment as consumers write it (ConsumerProtocolAssignment): version, then topics with their
    /// partitions. Other kinds of members may write anything, which is then no assignment of partitions.
    private static func partitions(of assignment: ByteSlice) -> [TopicPartition] {
        do throws(DecodeError) {
            var reader = ByteReader(assignment)
            _ = try reader.int16()
            var found: [TopicPartition] = []
            for _ in 0..<(try reader.kafkaCount(flexible: false, minimumSize: 6)) {
                let topic = try reader.kafkaString(flexible: false)
                for _ in 0..<(try reader.kafkaCount(flexible: false, minimumSize: 4)) {
                    found.append(TopicPartition(topic: topic, partition: try reader.int32()))
                }
            }
            return found.sorted()
        } catch {
            return []
        }
    }
}
