import Bytes
import Ports
import Simulator
import Testing

@testable import Node

/// Requests passed on to the leader.
struct ForwardsTests {
    private let leader = NodeID(1)

    @Test func anAnswerGoesToWhoeverAsked() {
        var forwards = Forwards(first: .max)
        var answers: [Int] = []
        let first = forwards.add(peer: leader, deadline: 5) { _ in answers.append(1) }
        let second = forwards.add(peer: leader, deadline: 9) { _ in answers.append(2) }
        #expect(forwards.take(id: second, from: NodeID(2)) == nil, "not the one that was asked")
        forwards.take(id: second, from: leader)?(.empty)
        forwards.take(id: second, from: leader)?(.empty)
        for answer in forwards.takeExpired(now: 5) { answer(nil) }
        #expect(answers == [2, 1] && forwards.take(id: first, from: leader) == nil)
    }

    /// Simulator seed 4017: a client was given the answer to what another had asked before this process began.
    @Test func aLateAnswerToTheProcessBeforeIsNobodys() throws {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 << 10
        let cluster = try SimulatedCluster(count: 3, seed: 5, settings: settings)
        #expect(cluster.run(until: { cluster.leader != nil }))
        let follower = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        let deadline = try #require(follower.node?.clock.monotonicNanoseconds) + 1_000_000_000
        let before = try #require(follower.node?.forwards.add(peer: leader, deadline: deadline) { _ in })
        cluster.crash(follower, losesPower: true)
        try cluster.start(follower)
        let after = follower.node?.forwards.add(peer: leader, deadline: deadline) { _ in }
        #expect(after != before)
    }
}
