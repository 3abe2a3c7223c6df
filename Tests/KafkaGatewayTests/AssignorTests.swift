import Broker
import Testing

@testable import KafkaGateway

struct AssignorTests {
    private func member(_ id: String, _ topics: [String], instance: String? = nil) -> ConsumerMember {
        ConsumerMember(
            id: id, instance: instance, rack: nil, clientID: "c", clientHost: "/h", rebalanceTimeoutMilliseconds: 1,
            topics: topics, assignor: nil)
    }

    private func keys(_ topic: UInt32, _ partitions: Range<UInt32>) -> [PartitionKey] {
        partitions.map { PartitionKey(topic: topic, partition: $0) }
    }

    /// "t0", "t1", … have as many partitions as told.
    private func finder(_ counts: [Int]) -> (String) -> (number: UInt32, partitions: Int)? {
        { name in
            guard let number = Int(name.dropFirst()), counts.indices.contains(number) else { return nil }
            return (UInt32(number), counts[number])
        }
    }

    @Test func rangesAreInTheOrderOfNamesStaticOnesFirst() {
        let members = [member("a", ["t0", "t1"]), member("b", ["t0"], instance: "z"), member("c", ["t0", "gone"])]
        let targets = Assignor.range.targets(of: members, reading: members.map(\.topics), finder([7, 2]))
        #expect(targets[1] == keys(0, 0..<3))
        #expect(targets[0] == keys(0, 3..<5) + keys(1, 0..<2))
        #expect(targets[2] == keys(0, 5..<7))
    }

    @Test func uniformMovesAsLittleAsItCan() {
        var members = [member("a", ["t0"]), member("b", ["t0"]), member("c", ["t0"])]
        members[0].target = keys(0, 0..<6)
        members[1].target = keys(0, 6..<12)
        let targets = Assignor.uniform.targets(of: members, reading: members.map(\.topics), finder([12]))
        #expect(targets.map(\.count) == [4, 4, 4])
        #expect(targets[0].allSatisfy(members[0].target.contains) && targets[1].allSatisfy(members[1].target.contains))
        #expect(Assignor.uniform.targets(of: [], reading: [], finder([12])).isEmpty)
    }

    /// Of random members: each partition of a topic that is read has one owner, who reads that topic; where all read
    /// the same, loads differ by one at most; and a second run changes nothing.
    @Test(arguments: [UInt64](1...60)) func everyPartitionHasOneOwner(seed: UInt64) {
        var random = Dice(state: seed)
        let counts = (0..<1 + random.below(5)).map { _ in 1 + random.below(9) }
        let isEven = seed % 2 == 0
        var members = (0..<1 + random.below(7)).map { number in
            member("m\(number)", counts.indices.filter { _ in isEven || random.below(3) > 0 }.map { "t\($0)" })
        }
        for position in members.indices where random.below(2) == 0 {
            members[position].target = keys(0, 0..<UInt32(counts[0]))
        }
        for assignor in Assignor.allCases {
            let targets = assignor.targets(of: members, reading: members.map(\.topics), finder(counts))
            let read = counts.indices.filter { topic in members.contains { $0.topics.contains("t\(topic)") } }
            #expect(targets.flatMap { $0 }.sorted() == read.flatMap { keys(UInt32($0), 0..<UInt32(counts[$0])) })
            for (member, target) in zip(members, targets) {
                #expect(target.allSatisfy { member.topics.contains("t\($0.topic)") })
                #expect(target == target.sorted())
            }
            if isEven, assignor == .uniform {
                let loads = targets.map(\.count)
                #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1, "\(loads)")
            }
            for (position, target) in targets.enumerated() { members[position].target = target }
            if assignor == .uniform || isEven {
                #expect(assignor.targets(of: members, reading: members.map(\.topics), finder(counts)) == targets)
            }
        }
    }
}
