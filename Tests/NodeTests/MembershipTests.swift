import Broker
import Bytes
import Ports
import Raft
import Simulator
import Testing

@testable import Node

/// Nodes come and go while the cluster works.
@Suite struct MembershipTests {
    private typealias Member = SimulatedCluster.Member

    private static func settings(snapshotEntries: Int = 200_000) -> NodeSettings {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 * 1024
        settings.snapshotIntervalEntries = snapshotEntries
        settings.cacheBytes = 8 * 1024
        settings.followerReachEntries = 20
        settings.raft.promotionLag = 10
        // Reads of the disk's room would draw from the dice as well: what the seeds are known to reach stays.
        settings.spaceMilliseconds = 0
        return settings
    }

    /// A cluster, somebody who writes to it, and what the operator does.
    private final class Story {
        let cluster: SimulatedCluster
        let writer: Writer
        private(set) var produced: [String] = []
        var changes = 0

        init(count: Int = 3, seed: UInt64, settings: NodeSettings = MembershipTests.settings()) throws {
            cluster = try SimulatedCluster(count: count, seed: seed, settings: settings)
            writer = try Writer(cluster)
            cluster.run(milliseconds: 100)
        }

        func produce(_ count: Int) throws {
            for _ in 0..<count {
                try #require(cluster.run(until: { self.cluster.leader != nil }))
                produced.append("record \(produced.count)")
                try writer.produce(produced[produced.count - 1])
                cluster.run(milliseconds: 10)
            }
        }

        func cut(_ member: Member) {
            for other in cluster.members where other.id != member.id {
                cluster.network.setLink(member.id, other.id, up: false)
            }
        }

        func ask(_ change: MembershipChange, of member: Member? = nil) throws -> ChangeOutcome {
            try #require(cluster.run(until: { self.cluster.leader != nil }))
            var outcome: ChangeOutcome?
            let leader = try #require((member ?? cluster.leader)?.node)
            var record: MemberRecord?
            if case .addLearner(let id) = change {
                let addresses = MemberAddresses(
                    peer: Endpoint(host: "n\(id)", port: 7), kafka: Endpoint(host: "n\(id)", port: 9))
                record = MemberRecord(id: id, addresses: addresses)
            }
            leader.replica.change(change, record: record) { outcome = $0 }
            try #require(cluster.run(until: { outcome != nil }, limit: 3_000))
            return try #require(outcome)
        }

        /// Again while the answer is one that passes.
        func make(_ change: MembershipChange) throws {
            for _ in 0..<200 {
                switch try ask(change) {
                case .committed: return
                case .refused(.pending), .refused(.notCaughtUp), .refused(.notReady): cluster.run(milliseconds: 20)
                case .refused(let refusal):
                    Issue.record("\(change): \(refusal)")
                    return
                case .unknown: cluster.run(milliseconds: 20)
                }
            }
            Issue.record("\(change) was not made")
        }

        func add(_ member: Member) throws {
            try make(.addLearner(member.id.rawValue))
            try make(.promote(member.id.rawValue))
        }

        var voters: [MemberID] { cluster.leader?.node?.replica.configuration.membership.voters ?? [] }

        /// Those who are members and run have the same, and all that was acknowledged.
        func checkEqual(_ context: String = "") throws {
            let cluster = cluster
            let isEqual = cluster.run(until: {
                guard let leader = cluster.leader?.node?.replica else { return false }
                return cluster.members.allSatisfy { member in
                    guard let replica = member.node?.replica else { return true }
                    let hasAll = replica.appliedIndex == leader.log.lastIndex
                        && replica.log.lastChain == leader.log.lastChain
                    return hasAll || !leader.configuration.membership.contains(member.id.rawValue)
                }
            })
            let states = cluster.members.map { member in
                "\(member.id) \(member.fault as Any) \(member.node?.replica.raft.description ?? "down")"
            }
            try #require(isEqual, "\(context) \(states)")
            let leader = try #require(cluster.leader)
            let membership = try #require(leader.node?.replica.configuration.membership)
            for member in cluster.members where member.node != nil && membership.contains(member.id.rawValue) {
                #expect(member.node?.replica.broker.digest() == leader.node?.replica.broker.digest(), "\(context)")
                #expect(try writer.readAll(at: member, cluster) == produced, "\(context) at \(member.id)")
                #expect(member.node?.replica.configurations.newest == leader.node?.replica.configurations.newest)
            }
            #expect(writer.acknowledged == produced.count, "\(context)")
        }
    }

    /// Which directory each member has is written down once.
    @Test func directoriesAreRecordedOnce() throws {
        let story = try Story(seed: 1)
        let replica = try #require(story.cluster.leader?.node?.replica)
        let records = replica.configuration.records
        #expect(records.map(\.id) == [1, 2, 3])
        #expect(records.allSatisfy { $0.incarnation != 0 } && Set(records.map(\.incarnation)).count == 3)
        let last = replica.log.lastIndex
        for member in story.cluster.members {
            story.cluster.crash(member, losesPower: true)
            try story.cluster.start(member)
            story.cluster.run(milliseconds: 1_000)
        }
        let now = try #require(story.cluster.leader?.node?.replica)
        #expect(now.configuration.records == records)
        // Nothing but the no-ops of new leaders.
        #expect(now.log.lastIndex - last == now.term - replica.term)
    }

    @Test func aClusterGrowsAndThenLivesWithoutTwo() throws {
        let story = try Story(seed: 2)
        let cluster = story.cluster
        try story.produce(30)
        for _ in 0..<2 {
            let machine = try cluster.addMachine()
            cluster.run(milliseconds: 50)
            #expect(machine.node?.replica.leader == nil && machine.node?.replica.removedAt == nil)
            try story.add(machine)
            try story.produce(5)
        }
        #expect(story.voters == [1, 2, 3, 4, 5])
        try story.checkEqual()
        for member in [cluster.member(1), cluster.member(2)] { cluster.crash(member, losesPower: true) }
        try story.produce(5)
        for member in [cluster.member(1), cluster.member(2)] { try cluster.start(member) }
        try story.checkEqual()
        let addresses = try #require(cluster.member(1).node?.replica.configuration.record(of: 5).addresses)
        #expect(addresses.kafka == Endpoint(host: "n5", port: 9))
    }

    /// A learner counts for nothing, and must have caught up to count for something.
    @Test func aLearnerIsNoVoter() throws {
        let story = try Story(seed: 3)
        let cluster = story.cluster
        try story.produce(5)
        let machine = try cluster.addMachine()
        for other in cluster.members.dropLast() { cluster.network.setLink(machine.id, other.id, up: false) }
        try story.make(.addLearner(4))
        try story.produce(20)
        guard case .refused(.notCaughtUp(let matched, let last)) = try story.ask(.promote(4)) else {
            Issue.record("promoted without an entry")
            return
        }
        #expect(matched == 0 && last > 20)
        let followers = cluster.members.filter { $0.id != cluster.leader?.id && $0.id != machine.id }
        for other in cluster.members.dropLast() { cluster.network.setLink(machine.id, other.id, up: true) }
        cluster.run(milliseconds: 500)
        for follower in followers { cluster.crash(follower, losesPower: false) }
        #expect(cluster.run(until: { cluster.leader == nil }), "with a learner alone there is no majority")
        for follower in followers { try cluster.start(follower) }
        try story.make(.promote(4))
        try story.checkEqual()
    }

    @Test func aClusterShrinksAndTheRemovedEndWithoutDisturbing() throws {
        let story = try Story(count: 5, seed: 4)
        let cluster = story.cluster
        try story.produce(10)
        for _ in 0..<2 {
            let leader = try #require(cluster.leader)
            let term = try #require(leader.node?.replica.term)
            let follower = try #require(cluster.members.last { $0.node != nil && $0.id != leader.id })
            try story.make(.remove(follower.id.rawValue))
            #expect(cluster.run(until: { follower.node == nil }, limit: 1_000), "it is told and ends")
            #expect(follower.isRemoved && follower.fault == nil)
            try story.produce(5)
            #expect(leader.node?.replica.term == term)
        }
        #expect(story.voters.count == 3)
        try story.checkEqual()
        // Started again, it is told again, also by those who were not there.
        for member in cluster.members where member.node == nil {
            try cluster.start(member)
            #expect(cluster.run(until: { member.node == nil && member.isRemoved }, limit: 1_000))
        }
    }

    /// It serves until its removal is committed, and another is elected without waiting for a timeout.
    @Test(arguments: 0..<5) func theLeaderIsRemoved(_ seed: UInt64) throws {
        let story = try Story(seed: 50 + seed)
        let cluster = story.cluster
        try story.produce(10)
        let leader = try #require(cluster.leader)
        try story.make(.remove(leader.id.rawValue))
        #expect(cluster.run(until: { leader.node == nil && cluster.leader != nil }, limit: 50))
        #expect(leader.isRemoved)
        try story.produce(10)
        #expect(story.voters.count == 2)
        try story.checkEqual()
    }

    /// Two of three cannot lose one more: refused, not carried out half.
    @Test func whatWouldStopTheClusterIsRefused() throws {
        let story = try Story(seed: 6)
        let cluster = story.cluster
        let leader = try #require(cluster.leader)
        let followers = cluster.members.filter { $0.id != leader.id }
        cluster.crash(followers[0], losesPower: false)
        cluster.run(milliseconds: 50)
        #expect(try story.ask(.remove(followers[1].id.rawValue)) == .refused(.noQuorum(reachable: 1, needed: 2)))
        #expect(try story.ask(.addLearner(leader.id.rawValue)) == .refused(.alreadyMember))
        #expect(try story.ask(.remove(9)) == .refused(.unknownMember))
        #expect(try story.ask(.remove(9), of: followers[1]) == .refused(.notLeader(leader: leader.id.rawValue)))
        try story.make(.remove(followers[0].id.rawValue))
        try story.make(.remove(followers[1].id.rawValue))
        #expect(try story.ask(.remove(leader.id.rawValue)) == .refused(.lastVoter))
        try story.produce(3)
        #expect(story.writer.acknowledged == 3)
    }

    /// The others may have another leader by now, and other members.
    @Test(arguments: [true, false]) func aLeaderThatIsCutOffDoesNotSayWhoIsAMember(_ adds: Bool) throws {
        let story = try Story(seed: 15)
        let leader = try #require(story.cluster.leader)
        story.cut(leader)
        let outcome = try story.ask(adds ? .addLearner(leader.id.rawValue) : .remove(9), of: leader)
        if case .refused(.notLeader) = outcome { return }
        Issue.record("\(outcome)")
    }

    /// The dead node is replaced by a new one; when it comes back after all, it learns that it is none any more.
    @Test func aDeadNodeIsReplaced() throws {
        let story = try Story(seed: 7)
        let cluster = story.cluster
        try story.produce(10)
        let dead = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        cluster.crash(dead, losesPower: true)
        try story.add(try cluster.addMachine())
        try story.make(.remove(dead.id.rawValue))
        try story.produce(5)
        try story.checkEqual()
        let term = try #require(cluster.leader?.node?.replica.term)
        try cluster.start(dead)
        #expect(cluster.run(until: { dead.node == nil && dead.isRemoved }, limit: 1_000))
        #expect(cluster.leader?.node?.replica.term == term)
    }

    /// A leader that is cut off makes a change that nobody hears of; it is gone when the others are heard again.
    @Test func aChangeOfALeaderThatIsCutOffIsForgotten() throws {
        let story = try Story(seed: 8)
        let cluster = story.cluster
        try story.produce(5)
        let machine = try cluster.addMachine()
        let leader = try #require(cluster.leader)
        for other in cluster.members where other.id != leader.id && other.id != machine.id {
            cluster.network.setLink(leader.id, other.id, up: false)
        }
        var outcome: ChangeOutcome?
        leader.node?.replica.change(.addLearner(4)) { outcome = $0 }
        cluster.settle()
        #expect(leader.node?.replica.configuration.membership.learners == [4])
        #expect(machine.node?.replica.configuration.membership.learners == [4], "it hears of it")
        try #require(cluster.run(until: { outcome != nil }))
        #expect(outcome == .unknown)
        try story.produce(5)
        #expect(story.voters == [1, 2, 3])
        for other in cluster.members { cluster.network.setLink(leader.id, other.id, up: other.id != leader.id) }
        try story.checkEqual()
        #expect(leader.node?.replica.configuration.membership.learners == [])
        #expect(machine.node != nil && machine.node?.replica.removedAt == nil)
        try story.add(machine)
        try story.checkEqual()
    }

    // MARK: Lost disks

    /// Formatted like a founder again, it is recognised by the others and stops; its votes count for nothing.
    @Test func aLostDiskDoesNotComeBackUnderItsOldIdentity() throws {
        let story = try Story(seed: 9)
        let cluster = story.cluster
        try story.produce(20)
        let leader = try #require(cluster.leader)
        let others = cluster.members.filter { $0.id != leader.id }
        // One follower misses what is acknowledged next; the other loses its disk, and the leader dies.
        cluster.network.setLink(leader.id, others[0].id, up: false)
        try story.produce(5)
        cluster.crash(others[1], losesPower: true)
        cluster.crash(leader, losesPower: false)
        try cluster.replaceDisk(of: others[1], founders: Membership(voters: [1, 2, 3]))
        try cluster.start(others[1])
        #expect(cluster.run(until: { others[1].fault != nil }, limit: 5_000))
        guard case .foreignData(others[1].id)? = others[1].fault else {
            Issue.record("\(String(describing: others[1].fault))")
            return
        }
        cluster.run(milliseconds: 2_000)
        #expect(cluster.leader == nil, "the records that only the dead leader has are not given up")
        cluster.crash(others[1], losesPower: false)
        cluster.network.setLink(leader.id, others[0].id, up: true)
        try cluster.start(leader)
        try story.produce(1)
        try story.checkEqual()
    }

    /// So it is when the leader's whole log reaches it before it is told.
    @Test func aLostDiskIsRecognisedWithTheLogOfTheOthers() throws {
        let story = try Story(seed: 12)
        let cluster = story.cluster
        try story.produce(5)
        let lost = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        let entry = try #require(cluster.leader?.node?.replica.configurations.entries.last)
        cluster.crash(lost, losesPower: true)
        try cluster.replaceDisk(of: lost, founders: Membership(voters: [1, 2, 3]))
        try cluster.start(lost)
        let replica = try #require(lost.node?.replica)
        replica.remember(entry.configuration, at: entry.index)
        #expect(cluster.run(until: { lost.fault != nil }, limit: 1_000))
    }

    /// A machine that is gone without a word keeps its link for a while, and its number is given to another disk.
    @Test func aDirectoryThatWasRemovedIsNotTakenForTheNextOfItsNumber() {
        let identity = NodeIdentity(
            cluster: ClusterID(high: 1, low: 2), node: NodeID(1), membership: Membership(voters: [1, 2, 3]))
        var acquaintances = Acquaintances(identity)
        let before = GroupConfiguration(
            membership: Membership(voters: [1, 2, 3]), records: [MemberRecord(id: 3, incarnation: 33)])
        acquaintances.add(3, Introduction(incarnation: 33, isFounder: false), before)
        let nobody = GroupConfiguration(membership: Membership(voters: [1, 2]))
        acquaintances.removeMember(3, 33, nobody)
        let after = GroupConfiguration(membership: Membership(voters: [1, 2], learners: [3]))
        #expect(acquaintances.completing(after, self: 1) == nil)
        acquaintances.remove(3)
        acquaintances.add(3, Introduction(incarnation: 44, isFounder: false), after)
        #expect(acquaintances.completing(after, self: 1) == [MemberRecord(id: 3, incarnation: 44)])
        // Who was there before the old one was removed is not it.
        acquaintances.removeMember(3, 33, nobody)
        #expect(acquaintances.completing(after, self: 1) == [MemberRecord(id: 3, incarnation: 44)])
        // A log that is read again goes through the removal, and knows who came after it (seed 338).
        let known = GroupConfiguration(
            membership: after.membership, records: [MemberRecord(id: 3, incarnation: 44)])
        acquaintances.removeMember(3, 0, known)
        #expect(acquaintances.completing(after, self: 1) == [MemberRecord(id: 3, incarnation: 44)])
        // Removed before anybody wrote down who it was (seed 38102).
        acquaintances.removeMember(3, 0, nobody)
        #expect(acquaintances.completing(after, self: 1) == nil)
    }

    /// Whoever votes without being written down was there from the beginning: one that was formatted to join, under the
    /// number of a founder of whom this node knows no more, is another (seed 29794).
    @Test func aVoterThatIsNotWrittenDownIsAFounder() {
        let founders = Membership(voters: [1, 2, 3])
        let identity = NodeIdentity(cluster: ClusterID(high: 1, low: 2), node: NodeID(1), membership: founders)
        var acquaintances = Acquaintances(identity)
        let configuration = GroupConfiguration(membership: founders, records: [MemberRecord(id: 1, incarnation: 11)])
        acquaintances.add(2, Introduction(incarnation: 22, isFounder: true), configuration)
        acquaintances.add(3, Introduction(incarnation: 33, isFounder: false), configuration)
        #expect(acquaintances.strangers == [3])
        #expect(acquaintances.completing(configuration, self: 1)?.map(\.incarnation) == [11, 22])
    }

    /// A leader that was cut off while it removed itself hears that the others have done so, at an earlier place
    /// (seed 29609).
    @Test func whoRemovedItselfInVainIsToldOfItsRemoval() throws {
        let story = try Story(seed: 15)
        try story.produce(5)
        let old = try #require(story.cluster.members.first { $0.id != story.cluster.leader?.id })
        let peer = try #require(story.cluster.leader?.id)
        let replica = try #require(old.node?.replica)
        let others = Membership(voters: replica.configuration.membership.voters.filter { $0 != old.id.rawValue })
        let known = replica.configurations.lastIndex
        replica.remember(GroupConfiguration(membership: others), at: known + 10)
        replica.onFrame(.notMember(configuration: known), from: peer)
        #expect(!old.isRemoved)
        replica.onFrame(.notMember(configuration: known + 5), from: peer)
        #expect(old.isRemoved)
    }

    /// Removed and added again with an empty disk, under its old number, it gets a snapshot and what follows.
    @Test(arguments: [true, false]) func aLostDiskIsSeededAgain(_ isUpWhenAdded: Bool) throws {
        let story = try Story(seed: 10, settings: Self.settings(snapshotEntries: 20))
        let cluster = story.cluster
        try story.produce(40)
        try story.writer.recreateTopic()
        let before = story.writer.acknowledged
        let lost = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        cluster.crash(lost, losesPower: true)
        for number in 0..<60 { try story.writer.produce("later \(number)") }
        cluster.run(milliseconds: 200)
        try story.make(.remove(lost.id.rawValue))
        #expect(cluster.leader?.node?.replica.log.firstIndex ?? 0 > 20)
        if isUpWhenAdded { try cluster.replaceDisk(of: lost) }
        try story.make(.addLearner(lost.id.rawValue))
        if !isUpWhenAdded { try cluster.replaceDisk(of: lost) }
        try story.make(.promote(lost.id.rawValue))
        cluster.run(milliseconds: 500)
        #expect(lost.fault == nil && lost.node?.replica.log.newestSnapshot != nil)
        #expect(lost.node?.replica.log.firstIndex ?? 0 > 20)
        #expect(try story.writer.readAll(at: lost, cluster) == (0..<60).map { "later \($0)" })
        #expect(story.writer.acknowledged == before + 60)
        // It counts again.
        let other = try #require(cluster.members.first { $0.id != cluster.leader?.id && $0.id != lost.id })
        cluster.crash(other, losesPower: true)
        try story.writer.produce("the last")
        cluster.run(milliseconds: 100)
        #expect(story.writer.acknowledged == before + 61)
        // And knows all this from its own disk.
        cluster.crash(lost, losesPower: true)
        try cluster.start(lost)
        #expect(lost.node?.replica.configuration.membership.voters == [1, 2, 3])
        #expect(lost.node?.replica.configuration.record(of: lost.id.rawValue).addresses != nil)
    }

    /// A node that was away knows its leader by the directory that the leader has lost: it follows all the same.
    @Test func aLeaderThatWasSeededAgainIsFollowed() throws {
        let story = try Story(count: 5, seed: 13)
        let cluster = story.cluster
        try story.produce(10)
        let leader = try #require(cluster.leader)
        let others = cluster.members.filter { $0.id != leader.id }
        let (away, lost) = (others[0], others[1])
        for other in cluster.members where other.id != away.id {
            cluster.network.setLink(away.id, other.id, up: false)
        }
        cluster.crash(lost, losesPower: true)
        try story.make(.remove(lost.id.rawValue))
        try cluster.replaceDisk(of: lost)
        try story.add(lost)
        cluster.run(milliseconds: 100)
        leader.node?.replica.transferLeadership(to: lost.id)
        try #require(cluster.run(until: { cluster.leader?.id == lost.id }, limit: 2_000))
        try story.produce(5)
        cluster.network.setLink(away.id, lost.id, up: true)
        try story.checkEqual()
        let known = away.node?.replica.configuration.record(of: lost.id.rawValue)
        #expect(known != nil && known == lost.node?.replica.configuration.record(of: lost.id.rawValue))
    }

    /// What was seeded again while another was away may be the only one left who can lead both (seed 9380).
    @Test func oneThatWasSeededAgainIsElected() throws {
        let story = try Story(count: 5, seed: 14)
        let cluster = story.cluster
        try story.produce(10)
        let leader = try #require(cluster.leader)
        let others = cluster.members.filter { $0.id != leader.id }
        let (away, lost, behind) = (others[0], others[1], others[2])
        story.cut(away)
        cluster.crash(lost, losesPower: true)
        try story.make(.remove(lost.id.rawValue))
        try cluster.replaceDisk(of: lost)
        try story.add(lost)
        cluster.run(milliseconds: 100)
        story.cut(behind)
        try story.produce(5)
        cluster.run(milliseconds: 100)
        for gone in [leader, others[3]] { cluster.crash(gone, losesPower: true) }
        for one in [away, behind] {
            for other in [away, lost, behind] where other.id != one.id {
                cluster.network.setLink(one.id, other.id, up: true)
            }
        }
        try #require(cluster.run(until: { cluster.leader?.id == lost.id }, limit: 5_000))
        try story.produce(5)
        cluster.run(milliseconds: 500)
        #expect(away.node?.replica.log.lastChain == lost.node?.replica.log.lastChain)
    }

    /// Prepared to join under a number that is taken: it waits, and does no harm.
    @Test func anEmptyDirectoryUnderATakenNumberIsNotHeard() throws {
        let story = try Story(seed: 11)
        let cluster = story.cluster
        try story.produce(5)
        let lost = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        cluster.crash(lost, losesPower: true)
        try cluster.replaceDisk(of: lost)
        try story.produce(5)
        cluster.run(milliseconds: 1_000)
        #expect(lost.fault == nil && lost.node?.replica.raft.lastPosition.index == 0)
        #expect(cluster.leader?.node?.replica.acquaintances.strangers == [lost.id.rawValue])
        try story.make(.remove(lost.id.rawValue))
        try story.add(lost)
        try story.checkEqual()
    }

    // MARK: Everything at once

    /// Members come and go while links are cut and nodes lose power; in the end all is there and alike.
    @Test(arguments: 0..<40) func changesUnderFaults(_ seed: UInt64) throws {
        let story = try Story(seed: 1_000 + seed, settings: Self.settings(snapshotEntries: 15))
        let cluster = story.cluster
        var dice = SimulationRandom(seed: seed)
        for _ in 0..<2 { _ = try cluster.addMachine() }
        for _ in 0..<100 {
            step(story, &dice)
            cluster.run(milliseconds: 10 * Int(1 + dice.next() % 12))
        }
        for one in cluster.members {
            for other in cluster.members where other.id > one.id { cluster.network.setLink(one.id, other.id, up: true) }
            if one.node == nil, !one.isRemoved { try cluster.start(one) }
        }
        #expect(cluster.members.allSatisfy { $0.fault == nil }, "\(cluster.members.map { $0.fault as Any })")
        #expect(cluster.run(until: { cluster.leader != nil }))
        try story.make(.restate)
        cluster.run(milliseconds: 1_000)
        let leader = try #require(cluster.leader)
        let configuration = try #require(leader.node?.replica.configuration)
        for member in cluster.members where configuration.membership.contains(member.id.rawValue) {
            #expect(member.node?.replica.log.lastChain == leader.node?.replica.log.lastChain, "\(member.id)")
            #expect(member.node?.replica.configuration == configuration, "\(member.id)")
        }
        #expect(story.writer.endOffset(at: leader) ?? 0 >= Int64(story.writer.acknowledged))
        #expect(story.changes > 0)
    }

    private func step(_ story: Story, _ dice: inout SimulationRandom) {
        let cluster = story.cluster
        let member = cluster.members[Int(dice.next() % UInt64(cluster.members.count))]
        let other = cluster.members[Int(dice.next() % UInt64(cluster.members.count))]
        switch dice.next() % 8 {
        case 0 where member.node != nil && cluster.members.count { $0.node == nil } < 2:
            cluster.crash(member, losesPower: dice.next() % 2 == 0)
        case 1, 2:
            // A removed node that is started again only ends again.
            if member.node == nil, !member.isRemoved { #expect(throws: Never.self) { try cluster.start(member) } }
        case 3 where member.id != other.id: cluster.network.setLink(member.id, other.id, up: dice.next() % 3 == 0)
        case 4, 5, 6:
            guard let replica = cluster.leader?.node?.replica else { return }
            let id = member.id.rawValue
            let membership = replica.configuration.membership
            // Nobody is added again whose process is gone for good.
            if !membership.contains(id), member.isRemoved { return }
            let change: MembershipChange = membership.learners.contains(id)
                ? .promote(id) : membership.contains(id) ? .remove(id) : .addLearner(id)
            if case .remove = change, membership.voters.count < 3 { return }
            replica.change(change) { if case .committed = $0 { story.changes += 1 } }
        default:
            for _ in 0..<5 where cluster.leader != nil { #expect(throws: Never.self) { try story.writer.produce("x") } }
        }
    }
}
