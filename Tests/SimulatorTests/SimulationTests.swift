import Bytes
import KafkaGateway
import Testing

@testable import Simulator

struct SimulationTests {
    /// The trace of a seed, line by line, and what it came to.
    private func transcript(
        _ seed: UInt64, _ change: (inout SimulationPlan) -> Void = { $0.safetyPhase = 2_000_000 }
    ) -> (lines: [String], result: SimulationResult) {
        final class Lines { var all: [String] = [] }
        let lines = Lines()
        var plan = SimulationPlan(seed: seed)
        change(&plan)
        let result = Simulation(plan: plan) { lines.all.append("\($0) \($1) \($2) \($3)") }.run()
        return (lines.all, result)
    }

    @Test(arguments: [UInt64(3), 21, 34]) func theSameSeedGivesTheSameRun(seed: UInt64) {
        let first = transcript(seed)
        let second = transcript(seed)
        #expect(first.lines == second.lines)
        #expect(first.result.eventHash == second.result.eventHash)
        #expect(first.result.violation == nil)
        #expect(first.result.events > 300)
    }

    /// Members come, go and lose their disks, and what they were told is what is there in the end.
    @Test func membersChange() {
        let change = { (plan: inout SimulationPlan) in
            plan.faults = FaultClass.ofMembers + [.transferToMember, .powerOne]
            plan.faultInterval = 150_000
            plan.safetyPhase = 8_000_000
        }
        var coverage = Coverage()
        for seed in 1...8 as ClosedRange<UInt64> {
            let first = transcript(seed, change)
            #expect(first.result.violation == nil)
            coverage.add(first.result.coverage)
            if seed < 3 { #expect(first.lines == transcript(seed, change).lines) }
        }
        for fault in FaultClass.ofMembers + [.memberReturned, .transferToMember] {
            #expect(coverage[fault] > 0, "\(fault)")
        }
    }

    /// Damage, lost disks and what else may cost a machine its copy: of the voters there are, only a minority.
    @Test(arguments: [UInt64(1), 2, 3, 4]) func theBudgetFollowsTheMembers(seed: UInt64) {
        let result = transcript(seed) { plan in
            plan.machines = 3
            plan.faults = FaultClass.ofMembers + [.damagedLog, .staleSector]
            plan.faultInterval = 150_000
            plan.safetyPhase = 10_000_000
        }.result
        #expect(result.violation == nil)
        #expect(result.coverage[.damagedLog] + result.coverage[.staleSector] > 0)
    }

    /// Members of consumer groups come and go while leaders do, and in the end each group is at rest.
    @Test func groupsRebalance() {
        let change = { (plan: inout SimulationPlan) in
            plan.faults = [.transferToMember, .killOne]
            plan.faultInterval = 800_000
            plan.safetyPhase = 8_000_000
            plan.groups?.changeInterval = 300_000
            plan.groups?.transactionalPerMille = 300
            plan.groups?.staticPerMille = 500
            plan.groups?.slowRevocationPerMille = 700
            plan.groups?.lingeringPerMille = 300
            plan.groups?.hasKeepers = true
        }
        let seeds = (1...60 as ClosedRange<UInt64>).filter { GroupPlan(seed: $0) != nil }.prefix(8)
        var coverage = Coverage()
        for (position, seed) in seeds.enumerated() {
            let first = transcript(seed, change)
            #expect(first.result.violation == nil)
            coverage.add(first.result.coverage)
            if position < 2 { #expect(first.lines == transcript(seed, change).lines) }
        }
        for event in FaultClass.ofGroups { #expect(coverage[event] > 0, "\(event)") }
    }

    /// What a seed without groups does must not hang on what groups draw.
    @Test func groupsChangeNothingElseOfAPlan() {
        let plans = (1...40 as ClosedRange<UInt64>).map { SimulationPlan(seed: $0) }
        #expect(plans.contains { $0.groups != nil } && plans.contains { $0.groups == nil })
        for plan in plans where plan.groups == nil {
            #expect(plan.kafka.groups.offsetRetentionMilliseconds == GroupSettings().offsetRetentionMilliseconds)
        }
    }

    @Test func otherSeedsGiveOtherRuns() {
        #expect(transcript(1).result.eventHash != transcript(2).result.eventHash)
    }

    @Test(arguments: 0..<LinkGraphRun.count) func everyLinkGraphIsSafeAndServesWhereItCan(number: Int) {
        #expect(LinkGraphRun(number: number).run() == nil)
    }
}

struct ObserverTests {
    private func frame(_ kind: UInt8, term: UInt64, isGranted: Bool = false) -> ByteSlice {
        var writer = ByteWriter()
        writer.uint8(kind)
        writer.uint32(0)
        writer.uint64(term)
        writer.uint8(isGranted ? 1 : 0)
        return writer.finish()
    }

    @Test func aMachineVotesOnceInATerm() {
        let observer = ClusterObserver(machines: 3)
        #expect(observer.frameSent(frame(4, term: 5, isGranted: true), from: 0, to: 1) == nil)
        #expect(observer.frameSent(frame(4, term: 5, isGranted: true), from: 0, to: 1) == nil)
        #expect(observer.frameSent(frame(4, term: 5), from: 0, to: 2) == nil)
        #expect(observer.frameSent(frame(4, term: 5, isGranted: true), from: 0, to: 2) != nil)
        // To ask for votes is to vote for oneself.
        #expect(observer.frameSent(frame(3, term: 6), from: 1, to: 2) == nil)
        #expect(observer.frameSent(frame(4, term: 6, isGranted: true), from: 1, to: 0) != nil)
    }

    /// Its vote of before was another directory's.
    @Test func aMachineWithAnotherDiskHasPromisedNothing() {
        let observer = ClusterObserver(machines: 3)
        let machine = Machine(number: 0, seed: 1, time: SimulationTime(), data: .own)
        #expect(observer.frameSent(frame(4, term: 5, isGranted: true), from: 0, to: 1) == nil)
        observer.diskReplaced(machine)
        #expect(observer.frameSent(frame(4, term: 5, isGranted: true), from: 0, to: 2) == nil)
        #expect(observer.frameSent(frame(4, term: 5, isGranted: true), from: 0, to: 1) != nil)
    }
}

struct SimulatedTimeTests {
    @Test func eventsComeInOrderOfTimeThenOfArrival() {
        var queue = EventQueue()
        var random = SimulationRandom(seed: 5)
        var expected: [(time: UInt64, number: Int)] = []
        for number in 0..<500 {
            let time = UInt64(random.below(50))
            queue.add(.timer(number), at: time)
            expected.append((time, number))
        }
        expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
        for wanted in expected {
            guard let next = queue.pop(), case .timer(let number) = next.event else {
                Issue.record("the queue ended early")
                return
            }
            #expect(next.time == wanted.time && number == wanted.number)
        }
        #expect(queue.pop() == nil)
    }

    @Test func aDriftingClockNeverGoesBack() {
        let time = SimulationTime()
        let clock = MachineClock(time)
        var before = clock.monotonicNanoseconds
        for drift in [100_000, -100_000, 0, 50_000] as [Int64] {
            clock.setDrift(drift)
            for _ in 0..<10 {
                time.now += 1000
                #expect(clock.monotonicNanoseconds > before)
                before = clock.monotonicNanoseconds
            }
        }
        #expect(clock.real(1_000_000) < 1_000_000)
    }
}
