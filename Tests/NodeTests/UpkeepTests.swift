import LogStore
import Simulator
import Testing

@testable import Node

@Suite struct UpkeepTests {
    private func settings() -> NodeSettings {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 * 1024
        return settings
    }

    /// An idle node saves how far its log is durable, once; damage to the last entry is then not taken for a torn tail.
    @Test func anIdleNodeKnowsWhatItHad() throws {
        let cluster = try SimulatedCluster(count: 1, seed: 1, settings: settings())
        let writer = try Writer(cluster)
        try writer.produce("precious")
        cluster.run(milliseconds: 1_500)
        let member = cluster.member(1)
        let changes = member.disk.changeCount
        cluster.run(milliseconds: 5_000)
        #expect(member.disk.changeCount == changes, "nothing is written while nothing happens")
        let log = try #require(member.node?.replica.log)
        let location = try #require(log.location(of: log.lastIndex))
        let name = try #require(try member.disk.list("group-0").last { $0.name.hasSuffix(".log") }?.name)
        cluster.crash(member, losesPower: true)
        member.disk.flip("group-0/" + name, byte: Int(location.payloadOffset), mask: 1)
        #expect(throws: NodeFault.self) { try cluster.start(member) }
    }

    /// On a full disk no spare segment can be prepared; when there is room again, one is.
    @Test func preparingASegmentIsTriedAgain() throws {
        let cluster = try SimulatedCluster(count: 1, seed: 2, settings: settings())
        let member = cluster.member(1)
        member.disk.capacity = 26 * 1024
        let hasSpare = { try member.disk.list("group-0").contains { $0.name.hasSuffix(".spare") } }
        cluster.run(milliseconds: 500)
        #expect(try !hasSpare())
        member.disk.capacity = 1 << 30
        cluster.run(milliseconds: 5_000)
        #expect(try !hasSpare())
        cluster.run(milliseconds: 6_000)
        #expect(try hasSpare())
    }
}
