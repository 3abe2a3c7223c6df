import Bytes
import Server
import Testing

@testable import holdfast

struct ClusterStatusTests {
    private func address(_ node: Int) throws -> Address { try #require(Address("127.0.0.1:808\(node)")) }

    private func answered(_ node: Int, leader: Int?, term: Int, role: String = "follower") throws -> NodeReport {
        let followers = #"[{"node":2,"lag":0},{"node":3,"lag":17}]"#
        let text = """
            {"node":\(node),"role":"\(role)","term":\(term),"leader":\(leader.map { "\($0)" } ?? "null"),"commit":90,
            "applied":\(90 - node),"ready":true,"followers":\(role == "leader" ? followers : "[]"),
            "voters":[1,2,3],"inTouch":2,"intakeStopped":\(role == "leader"),
            "disk":{"free":\(node * 1_500_000),"total":100000000,"minimum":2000000,"low":\(node == 1)},
            "topics":[{"name":"orders","partitions":2,"records":5,"bytes":1234,"copies":3}],
            "groups":[{"name":"billing","members":2,"partitions":2,"lag":41}]}
            """
        return .answered(try address(node), try JSONValue(parsing: text))
    }

    @Test func aMajorityThatAgrees() throws {
        let status = ClusterStatus(nodes: [
            try answered(1, leader: 1, term: 4, role: "leader"), .unreachable(try address(2), "refused"),
            try answered(3, leader: 1, term: 4),
        ])
        #expect(status.leader == 1 && status.term == 4)
        #expect(status.table.hasPrefix("""
            NODE  ROLE         TERM  LEADER  COMMIT  APPLIED  LAG  READY  DISK FREE      ADMIN
            1     leader       4     1       90      89       0    yes    1.4 MiB (low)  127.0.0.1:8081
            ?     unreachable  -     -       -       -        -    no     -              127.0.0.1:8082 (refused)
            3     follower     4     1       90      87       17   yes    4.3 MiB        127.0.0.1:8083

            TOPIC   PARTITIONS  RECORDS  BYTES  COPIES
            orders  2           5        1234   3/3 (2 in touch)

            GROUP    MEMBERS  PARTITIONS  LAG
            billing  2        2           41

            leader: node 1, term 4; 2 of 3 nodes answered
            no records are taken: disks are low on space

            """))
        let json = try JSONValue(parsing: status.json.encoded)
        #expect(json["leader"]?.int == 1 && json["term"]?.int == 4)
        #expect(json["nodes"]?.elements.map { $0["reachable"]?.flag } == [true, false, true])
        #expect(json["nodes"]?.elements[2]["id"]?.int == 3 && json["nodes"]?.elements[2]["applied"]?.int == 87)
        #expect(json["topics"]?.elements.first?["name"]?.text == "orders")
        #expect(json["groups"]?.elements.first?["lag"]?.int == 41)
    }

    @Test func noMajority() throws {
        let reports: [[NodeReport]] = [
            [try answered(1, leader: 1, term: 4), .unreachable(try address(2), ""), .unreachable(try address(3), "")],
            [
                try answered(1, leader: 1, term: 4), try answered(2, leader: 1, term: 3),
                try answered(3, leader: nil, term: 5),
            ],
            [try answered(1, leader: 1, term: 4), try answered(2, leader: 2, term: 5)],
        ]
        for nodes in reports {
            let status = ClusterStatus(nodes: nodes)
            #expect(status.leader == nil)
            #expect(status.json["leader"] == .null)
            #expect(status.table.contains("no leader is known to a majority"))
        }
    }
}
