import Bytes
import Raft
import Testing

@testable import Node

@Suite struct GroupConfigurationTests {
    private let configuration = GroupConfiguration(
        membership: Membership(voters: [1, 2, 7], learners: [9]),
        records: [
            MemberRecord(id: 1, incarnation: 77),
            MemberRecord(
                id: 9, incarnation: .max,
                addresses: MemberAddresses(
                    peer: Endpoint(host: "::1", port: 65_535), kafka: Endpoint(host: "kafka.example", port: 1))),
        ])

    @Test func survivesItsEncoding() throws {
        #expect(try GroupConfiguration(decoding: [configuration.encoded()]) == configuration)
        let empty = GroupConfiguration(membership: Membership(voters: []))
        #expect(try GroupConfiguration(decoding: [empty.encoded()]) == empty)
    }

    /// Every prefix and every changed byte is refused or read as something, and never traps.
    @Test func damagedBytesAreRefused() throws {
        let bytes = configuration.encoded().array
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) { try GroupConfiguration(decoding: [ByteSlice(Array(bytes[..<length]))]) }
        }
        var refused = 0
        for position in bytes.indices {
            for value in [UInt8(0), 1, 0x7f, 0xff] where bytes[position] != value {
                var changed = bytes
                changed[position] = value
                do throws(DecodeError) {
                    _ = try GroupConfiguration(decoding: [ByteSlice(changed)])
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 50)
    }

    @Test func recordsAreOfMembersOnly() {
        let removed = GroupConfiguration(membership: Membership(voters: [1]), records: configuration.records)
        #expect(removed.records.map(\.id) == [1])
        #expect(removed.record(of: 9) == MemberRecord(id: 9))
    }

    @Test func theLogOfConfigurationsFollowsTheLog() {
        var log = ConfigurationLog(base: Membership(voters: [1]))
        for index: UInt64 in [3, 5, 9] {
            log.append(GroupConfiguration(membership: Membership(voters: [1, MemberID(index)])), at: index)
        }
        log.append(GroupConfiguration(membership: Membership(voters: [8])), at: 5)
        #expect(log.lastIndex == 9 && log.newest.membership.voters == [1, 9])
        #expect(log.entry(at: 4).index == 3 && log.entry(at: 2).index == 0)
        #expect(log.entries(from: 4, through: 8).map(\.index) == [3, 5])
        #expect(log.memberships(after: 3, through: 9).map(\.index) == [5, 9])
        log.truncate(after: 4)
        #expect(log.lastIndex == 3)
        log.truncate(after: 0)
        #expect(log.entries.map(\.index) == [0])
    }
}
