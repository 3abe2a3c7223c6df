import CSystem
import Ports

/// One thread's event loop over epoll: descriptors, timers, mailboxes from other threads, end-of-turn work.
///
/// The thread that calls `run` (or `turn`) is the loop thread. Everything here, and everything that hands out callbacks
/// from here, belongs to that thread; only `Mailbox.post` may be called from others. Setting up before `run` from the
/// same thread is fine.
///
/// One turn: wait; handlers of ready descriptors; mailboxes; due timers; `soon` work; `onTurnEnd` hooks; then
/// connections write out what was queued. Clocks are read once, right after the wait.
package final class EventLoop: Clock {
    package private(set) var monotonicNanoseconds: UInt64
    package private(set) var wallMilliseconds: Int64
    /// Turns made so far.
    package private(set) var turns: UInt64 = 0

    let waker: Waker
    private let epoll: Int32
    private var slots: [Slot] = []
    private var timers = TimerHeap()
    private var mailboxes: [() -> Void] = []
    private var soonWork: [() -> Void] = []
    private var turnEndHooks: [() -> Void] = []
    private var flushables: [any TurnFlushable] = []
    private var stopRequested = false
    private var connectionsMade: UInt64 = 0
    private let readyEvents: UnsafeMutablePointer<holdfast_ready>
    /// Shared by every connection of the loop for gathering output.
    let pieces: UnsafeMutablePointer<holdfast_piece>

    private static let readyCapacity = 256
    static let pieceCapacity = 256
    private static let wakerTag = UInt64.max

    /// A registered descriptor. The generation tells a late event of a closed descriptor from one of its successor with
    /// the same number.
    private struct Slot {
        var handler: (any EventHandler)?
        var generation: UInt32 = 0
    }

    package init() throws(SystemError) {
        waker = try Waker()
        epoll = holdfast_epoll_create()
        readyEvents = .allocate(capacity: Self.readyCapacity)
        pieces = .allocate(capacity: Self.pieceCapacity)
        monotonicNanoseconds = holdfast_monotonic_nanoseconds()
        wallMilliseconds = holdfast_wall_milliseconds()
        if epoll < 0 { throw SystemError("creating an epoll descriptor", errno: -epoll) }
        let added = holdfast_epoll_add(epoll, waker.descriptor, HOLDFAST_READABLE | HOLDFAST_EDGES, Self.wakerTag)
        if added < 0 { throw SystemError("watching an eventfd", errno: -added) }
        let ignored = holdfast_ignore_sigpipe()
        if ignored < 0 { throw SystemError("ignoring SIGPIPE", errno: -ignored) }
    }

    deinit {
        if epoll >= 0 { holdfast_close(epoll) }
        readyEvents.deallocate()
        pieces.deallocate()
    }
}

// MARK: - Running

extension EventLoop {
    /// Turns until `stop`.
    package func run() {
        while !stopRequested { turn() }
        stopRequested = false
    }

    /// Ends `run` after the current turn. Loop thread; other threads post to a mailbox whose handler calls this.
    package func stop() { stopRequested = true }

    /// One turn, which sleeps at most `maximumWait` nanoseconds (nil: until something happens).
    package func turn(maximumWait: UInt64? = nil) {
        let count = wait(maximumWait)
        turns &+= 1
        for position in 0..<count { dispatch(readyEvents[position]) }
        if waker.awake() {
            for drain in mailboxes { drain() }
        }
        fireTimers()
        runSoonWork()
        for hook in turnEndHooks { hook() }
        flushConnections()
    }

    private func wait(_ maximumWait: UInt64?) -> Int {
        var limit = Int64(clamping: maximumWait ?? UInt64.max)
        if maximumWait == nil { limit = -1 }
        if let deadline = timers.nextDeadline() {
            // The cached clock may be a whole turn old; a stale one would make the loop oversleep the timer.
            let now = holdfast_monotonic_nanoseconds()
            let untilTimer = Int64(clamping: deadline > now ? deadline - now : 0)
            limit = limit < 0 ? untilTimer : min(limit, untilTimer)
        }
        if !soonWork.isEmpty || !flushables.isEmpty || stopRequested { limit = 0 }
        if limit != 0 && !waker.prepareToSleep() { limit = 0 }
        let count = holdfast_epoll_wait(epoll, readyEvents, Int32(Self.readyCapacity), limit)
        precondition(count >= 0, "epoll_wait: errno \(-count)")
        monotonicNanoseconds = holdfast_monotonic_nanoseconds()
        wallMilliseconds = holdfast_wall_milliseconds()
        return Int(count)
    }

    private func dispatch(_ event: holdfast_ready) {
        if event.tag == Self.wakerTag { return }
        let descriptor = Int(truncatingIfNeeded: event.tag & 0xffff_ffff)
        let generation = UInt32(truncatingIfNeeded: event.tag >> 32)
        guard descriptor < slots.count, slots[descriptor].generation == generation else { return }
        slots[descriptor].handler?.ready(Readiness(rawValue: event.events))
    }

    private func fireTimers() {
        for timer in timers.due(at: monotonicNanoseconds) {
            if let action = timers.takeAction(timer) { action() }
        }
    }

    private func runSoonWork() {
        guard !soonWork.isEmpty else { return }
        let work = soonWork
        soonWork = []
        for item in work { item() }
    }

    private func flushConnections() {
        guard !flushables.isEmpty else { return }
        let dirty = flushables
        flushables = []
        if dirty.count == 1 { return dirty[0].flushAtTurnEnd() }
        for order in FlushOrder.allCases {
            for flushable in dirty where flushable.flushOrder == order { flushable.flushAtTurnEnd() }
        }
    }
}

// MARK: - Work for later

extension EventLoop {
    /// Calls `action` once, on the loop, when at least `afterNanoseconds` have passed since this turn's clock reading.
    @discardableResult
    package func schedule(afterNanoseconds: UInt64, _ action: @escaping () -> Void) -> TimerID {
        let (deadline, overflow) = monotonicNanoseconds.addingReportingOverflow(afterNanoseconds)
        return timers.schedule(at: overflow ? .max : deadline, action)
    }

    /// Nothing happens if the timer has fired or was cancelled already.
    package func cancel(_ timer: TimerID) { timers.cancel(timer) }

    /// Timers that have neither fired nor been cancelled.
    package var pendingTimers: Int { timers.count }

    /// Runs `work` later in this turn if it is asked for by a handler, a mailbox or a timer, else in the next one,
    /// which then does not sleep first. Never from inside the caller.
    package func soon(_ work: @escaping () -> Void) { soonWork.append(work) }

    /// Calls `hook` in every turn, in the order of registration, after all of the turn's events were handled and before
    /// queued output is written: the place to seal what the turn has collected.
    package func onTurnEnd(_ hook: @escaping () -> Void) { turnEndHooks.append(hook) }

    /// A queue into this loop; `handler` gets, on the loop, everything posted since the last time, in order. Mailboxes
    /// live as long as the loop.
    package func makeMailbox<Message: Sendable>(
        of type: Message.Type = Message.self, _ handler: @escaping ([Message]) -> Void
    ) -> Mailbox<Message> {
        let mailbox = Mailbox<Message>(waker: waker)
        mailboxes.append {
            let messages = mailbox.take()
            if !messages.isEmpty { handler(messages) }
        }
        return mailbox
    }

    func newConnectionID() -> UInt64 {
        connectionsMade += 1
        return connectionsMade
    }

    func flushAtTurnEnd(_ flushable: any TurnFlushable) { flushables.append(flushable) }
}

// MARK: - Descriptors

extension EventLoop {
    /// Starts watching `descriptor`. The loop keeps `handler` alive until `unregister`, which must come before the
    /// descriptor is closed.
    package func register(
        _ descriptor: Int32, _ interest: Readiness, _ handler: any EventHandler
    ) throws(SystemError) {
        precondition(descriptor >= 0, "register: descriptor \(descriptor)")
        while slots.count <= Int(descriptor) { slots.append(Slot()) }
        precondition(slots[Int(descriptor)].handler == nil, "register: descriptor \(descriptor) is watched already")
        slots[Int(descriptor)].generation &+= 1
        // The waker's tag has all bits set; a generation of all ones is skipped so that no slot can have it.
        if slots[Int(descriptor)].generation == .max { slots[Int(descriptor)].generation = 1 }
        let result = holdfast_epoll_add(epoll, descriptor, interest.rawValue, tag(descriptor))
        if result < 0 { throw SystemError("watching descriptor \(descriptor)", errno: -result) }
        slots[Int(descriptor)].handler = handler
    }

    package func setInterest(_ descriptor: Int32, _ interest: Readiness) {
        let result = holdfast_epoll_change(epoll, descriptor, interest.rawValue, tag(descriptor))
        precondition(result == 0, "setInterest of descriptor \(descriptor): errno \(-result)")
    }

    package func unregister(_ descriptor: Int32) {
        slots[Int(descriptor)].handler = nil
        slots[Int(descriptor)].generation &+= 1
        let result = holdfast_epoll_remove(epoll, descriptor)
        precondition(result == 0, "unregister of descriptor \(descriptor): errno \(-result)")
    }

    private func tag(_ descriptor: Int32) -> UInt64 {
        UInt64(slots[Int(descriptor)].generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
    }
}
