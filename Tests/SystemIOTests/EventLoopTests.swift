import CSystem
import Glibc
import Synchronization
import Testing

@testable import SystemIO

@Suite struct EventLoopTests {
    @Test func timersFireInOrderAndNotAfterCancellation() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        loop.schedule(afterNanoseconds: 3_000_000) { fired.append(3) }
        loop.schedule(afterNanoseconds: 1_000_000) { fired.append(1) }
        let cancelled = loop.schedule(afterNanoseconds: 2_000_000) { fired.append(2) }
        loop.schedule(afterNanoseconds: 1_000_000) { fired.append(11) }
        loop.cancel(cancelled)
        let start = holdfast_monotonic_nanoseconds()
        #expect(turn(loop) { fired.count == 3 })
        #expect(fired == [1, 11, 3])
        #expect(holdfast_monotonic_nanoseconds() - start >= 2_900_000)
        #expect(loop.pendingTimers == 0)
    }

    @Test func aTimerCanCancelOneThatIsDueInTheSameTurn() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        var second: TimerID?
        loop.schedule(afterNanoseconds: 0) {
            fired.append(1)
            if let second { loop.cancel(second) }
        }
        second = loop.schedule(afterNanoseconds: 0) { fired.append(2) }
        loop.turn(maximumWait: 0)
        loop.turn(maximumWait: 0)
        #expect(fired == [1])
    }

    @Test func aTimerThatSchedulesItselfWithoutDelayDoesNotKeepTheTurn() throws {
        let loop = try EventLoop()
        var fired = 0
        func again() {
            fired += 1
            if fired < 5 { loop.schedule(afterNanoseconds: 0, again) }
        }
        loop.schedule(afterNanoseconds: 0, again)
        loop.turn(maximumWait: 0)
        #expect(fired == 1)
        #expect(turn(loop) { fired == 5 })
    }

    @Test func theHeapAgreesWithASortedList() {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<200 {
            var heap = TimerHeap()
            var twin: [(deadline: UInt64, order: Int, id: TimerID)] = []
            for order in 0..<Int.random(in: 1...150, using: &generator) {
                let deadline = UInt64.random(in: 0...40, using: &generator)
                twin.append((deadline, order, heap.schedule(at: deadline) {}))
                if Int.random(in: 0..<3, using: &generator) == 0, !twin.isEmpty {
                    let gone = twin.remove(at: Int.random(in: 0..<twin.count, using: &generator))
                    heap.cancel(gone.id)
                }
            }
            let now = UInt64.random(in: 0...40, using: &generator)
            twin.sort { ($0.deadline, $0.order) < ($1.deadline, $1.order) }
            #expect(heap.nextDeadline() == twin.first?.deadline)
            #expect(heap.due(at: now) == twin.filter { $0.deadline <= now }.map(\.id))
            #expect(heap.nextDeadline() == twin.first { $0.deadline > now }?.deadline)
        }
    }

    @Test func theEndOfTurnComesOnceAfterAllEvents() throws {
        let loop = try EventLoop()
        var log: [String] = []
        let mailbox = loop.makeMailbox(of: Int.self) { log.append("mail \($0)") }
        loop.onTurnEnd { log.append("end") }
        mailbox.post(1)
        mailbox.post(2)
        loop.schedule(afterNanoseconds: 0) {
            log.append("timer")
            loop.soon { log.append("soon") }
        }
        loop.turn(maximumWait: 0)
        #expect(log == ["mail [1, 2]", "timer", "soon", "end"])
    }

    @Test func workAskedForAtTheEndOfATurnDoesNotWaitForAnEvent() throws {
        let loop = try EventLoop()
        var done = false
        var asked = false
        loop.onTurnEnd {
            if !asked { loop.soon { done = true } }
            asked = true
        }
        loop.turn(maximumWait: 0)
        #expect(!done)
        loop.turn()
        #expect(done)
    }

    @Test func mailsFromManyThreadsArriveOnceAndInOrder() throws {
        let loop = try EventLoop()
        let perThread = 20_000
        var next = [Int](repeating: 0, count: 4)
        var outOfOrder = 0
        let mailbox = loop.makeMailbox(of: (thread: Int, number: Int).self) { messages in
            for message in messages {
                if next[message.thread] != message.number { outOfOrder += 1 }
                next[message.thread] += 1
            }
        }
        var threads: [WorkerThread] = []
        for thread in 0..<4 {
            threads.append(
                try WorkerThread("poster") {
                    for number in 0..<perThread { mailbox.post((thread, number)) }
                })
        }
        #expect(turn(loop) { next.allSatisfy { $0 == perThread } })
        #expect(outOfOrder == 0)
        for thread in threads { thread.join() }
    }

    /// A lost wake-up would leave one side of this asleep for the 50 ms of a test turn, thousands of times.
    @Test func everyPostWakesASleepingLoop() throws {
        let loop = try EventLoop()
        let gate = Gate()
        let rounds = 3_000
        var seen = 0
        let mailbox = loop.makeMailbox(of: Int.self) { messages in
            seen += messages.count
            for _ in messages { gate.open() }
        }
        let thread = try WorkerThread("poster") {
            for round in 0..<rounds {
                mailbox.post(round)
                gate.pass()
            }
        }
        var turnsThatTimedOut = 0
        while seen < rounds {
            let before = seen
            loop.turn(maximumWait: 5_000_000_000)
            if seen == before { turnsThatTimedOut += 1 }
            if turnsThatTimedOut > 1000 { break }
        }
        #expect(seen == rounds)
        thread.join()
    }

    @Test func signalsAreDeliveredOnTheLoop() throws {
        let loop = try EventLoop()
        var seen: [Int32] = []
        try loop.handleSignals([SIGUSR1]) { seen.append($0) }
        raise(SIGUSR1)
        #expect(turn(loop) { !seen.isEmpty })
        #expect(seen == [SIGUSR1])
    }

    @Test func stopEndsRunFromAnotherThreadsMail() throws {
        let loop = try EventLoop()
        let mailbox = loop.makeMailbox(of: Bool.self) { _ in loop.stop() }
        let thread = try WorkerThread("stopper") { mailbox.post(true) }
        loop.run()
        thread.join()
        #expect(loop.turns > 0)
    }

    @Test func clocksStandStillWithinATurn() throws {
        let loop = try EventLoop()
        var readings: [UInt64] = []
        loop.schedule(afterNanoseconds: 0) {
            readings.append(loop.monotonicNanoseconds)
            let start = holdfast_monotonic_nanoseconds()
            while holdfast_monotonic_nanoseconds() - start < 1_000_000 {}
            readings.append(loop.monotonicNanoseconds)
        }
        loop.turn(maximumWait: 0)
        #expect(readings.count == 2 && readings[0] == readings[1])
        loop.turn(maximumWait: 0)
        #expect(loop.monotonicNanoseconds > readings[0])
        #expect(loop.wallMilliseconds > 1_600_000_000_000)
    }
}
