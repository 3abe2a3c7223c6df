import Bytes
import Ports

/// The network between the machines.
extension Simulation {
    func pair(_ one: Int, _ other: Int) -> Int {
        let low = min(one, other)
        let high = max(one, other)
        // Rows of an upper triangle.
        return low * machines.count - low * (low + 1) / 2 + (high - low - 1)
    }

    /// A frame leaves `from` on a connection it believes in.
    func send(_ bytes: ByteSlice, from: Int, to: Int, over connection: Int) {
        if let wrong = observer.frameSent(bytes, from: from, to: to) { return fail(wrong) }
        let link = pairs[pair(from, to)]
        guard link.connection == connection else { return }
        let direction = link.direction(from: from)
        let isGreeting = Self.greetings.contains(bytes[0])
        if link.blocks[direction] > 0 {
            if plan.isStream || isGreeting { link.held[direction].append(bytes) }
            return
        }
        // Before anything that follows it, and surely, as on a real link.
        if isGreeting, !plan.isStream {
            return queue.add(.frame(from: from, to: to, generation: connection, bytes), at: now + 1)
        }
        guard passes(bytes, link, direction) else { return coverage[.loss] += 1 }
        if !plan.isStream, networkRandom.chance(perMille: link.lossPerMille) { return coverage[.loss] += 1 }
        carry(bytes, from: from, to: to, link, connection)
        if !plan.isStream, networkRandom.chance(perMille: link.duplicationPerMille) {
            coverage[.duplication] += 1
            carry(bytes, from: from, to: to, link, connection)
        }
    }

    /// Frames that say who is at an end of a link: introduction, not a member, other data.
    private static let greetings: ClosedRange<UInt8> = 37...39

    /// Bytes of a frame: a heartbeat is shorter, an append with records in it is longer.
    private static let longestNarrowed = 160

    private func passes(_ bytes: ByteSlice, _ link: LinkPair, _ direction: Int) -> Bool {
        guard link.narrowings[direction] > 0, bytes.count > Self.longestNarrowed else { return true }
        guard link.longFramesToPass[direction] > 0 else { return false }
        link.longFramesToPass[direction] -= 1
        return true
    }

    private func carry(_ bytes: ByteSlice, from: Int, to: Int, _ link: LinkPair, _ connection: Int) {
        let direction = link.direction(from: from)
        let latest = link.lastArrival[direction]
        var arrival = now + networkRandom.between(plan.latency)
        if link.extraDelay > 0 {
            coverage[.delay] += 1
            arrival += networkRandom.between(0...link.extraDelay)
        }
        if plan.isStream {
            arrival = max(arrival, latest)
        } else if networkRandom.chance(perMille: link.reorderingPerMille) {
            arrival += networkRandom.between(0...50_000)
        } else {
            arrival = max(arrival, latest)
        }
        if arrival < latest { coverage[.reordering] += 1 }
        link.lastArrival[direction] = max(arrival, latest)
        queue.add(.frame(from: from, to: to, generation: connection, bytes), at: arrival)
    }

    func frameArrived(_ from: Int, _ to: Int, _ connection: Int, _ bytes: ByteSlice, _ event: SimulationEvent) {
        guard pairs[pair(from, to)].connection == connection, let machine = process(to, nil, event),
            let end = ends[to], end.connections[from] == connection
        else { return }
        trace.event(now, 5, from << 8 | to, bytes.count)
        end.deliver?(.frame(from: machines[from].id, bytes))
        finishTurn(machine)
    }

    // MARK: Connections

    func connect(_ number: Int) {
        let link = pairs[number]
        guard link.connection == nil else { return }
        let canConnect = [link.low, link.high].allSatisfy { machines[$0].isUp && !machines[$0].isPaused }
        guard canConnect, !link.isBlocked else {
            return schedule(.connect(pair: number), after: networkRandom.between(50_000...250_000))
        }
        let connection = link.nextConnection
        pairs[number].nextConnection += 1
        pairs[number].connection = connection
        pairs[number].lastArrival = [now, now]
        trace.event(now, 6, number, connection)
        for (end, peer) in [(link.low, link.high), (link.high, link.low)] {
            queue.add(.link(end: end, peer: peer, generation: connection, isUp: true), at: now)
        }
    }

    func linkChanged(_ end: Int, _ peer: Int, _ connection: Int, isUp: Bool, _ event: SimulationEvent) {
        guard let machine = process(end, nil, event), let own = ends[end] else { return }
        if isUp {
            guard pairs[pair(end, peer)].connection == connection else { return }
            if own.connections[peer] != nil { lose(own, peer) }
            own.connections[peer] = connection
            own.deliver?(.connected(machines[peer].id))
        } else {
            guard own.connections[peer] == connection else { return }
            lose(own, peer)
        }
        trace.event(now, 7, end << 8 | peer, connection)
        finishTurn(machine)
    }

    private func lose(_ end: LinkEnd, _ peer: Int) {
        end.connections[peer] = nil
        end.deliver?(.disconnected(machines[peer].id))
    }

    /// The connection of a pair is gone: what was on its way is lost, and each end learns of it after its own delay.
    func breakLink(_ number: Int, noticedWithin: ClosedRange<UInt64>) {
        guard let connection = pairs[number].connection else { return }
        let link = pairs[number]
        pairs[number].connection = nil
        pairs[number].held = [[], []]
        for (end, peer) in [(link.low, link.high), (link.high, link.low)] {
            let delay = networkRandom.between(noticedWithin)
            schedule(.link(end: end, peer: peer, generation: connection, isUp: false), after: delay)
        }
        schedule(.connect(pair: number), after: noticedWithin.upperBound + networkRandom.between(10_000...200_000))
    }

    func linksOfProcessBroke(_ machine: Machine, isSilent: Bool) {
        for number in pairs.indices where pairs[number].low == machine.number || pairs[number].high == machine.number {
            breakLink(number, noticedWithin: isSilent ? 200_000...2_000_000 : 100...5_000)
        }
    }

    /// Nothing gets through from one machine to another any more, and nobody is told. A stream is given up after a
    /// while, as TCP does when nothing is acknowledged.
    func block(from: Int, to: Int) {
        let number = pair(from, to)
        pairs[number].blocks[pairs[number].direction(from: from)] += 1
        guard plan.givesUpLinks, let connection = pairs[number].connection else { return }
        schedule(.giveUp(pair: number, generation: connection), after: networkRandom.between(300_000...2_500_000))
    }

    func unblock(from: Int, to: Int) {
        let number = pair(from, to)
        let direction = pairs[number].direction(from: from)
        pairs[number].blocks[direction] -= 1
        guard pairs[number].blocks[direction] == 0, let connection = pairs[number].connection else { return }
        let held = pairs[number].held[direction]
        pairs[number].held[direction] = []
        for bytes in held { send(bytes, from: from, to: to, over: connection) }
    }

    func giveUp(_ number: Int, _ connection: Int) {
        guard pairs[number].connection == connection, pairs[number].isBlocked else { return }
        breakLink(number, noticedWithin: 100...50_000)
    }
}
