import Bytes
import KafkaGateway

/// The network between clients and machines: streams that are late, never lossy, and that may break.
extension Simulation {
    func open(_ client: KafkaClient, to machine: Int) -> ClientSocket {
        let socket = ClientSocket(number: sockets.count, machine: machines[machine], client: client, simulation: self)
        sockets.append(socket)
        if !machines[machine].isUp { schedule(.closed(connection: socket.number), after: 500) }
        return socket
    }

    func carryRequest(_ bytes: ByteSlice, over socket: ClientSocket) {
        guard isThrough(socket) else { return }
        let arrival = max(now + networkRandom.between(plan.latency), socket.lastRequestArrival)
        socket.lastRequestArrival = arrival
        queue.add(.request(connection: socket.number, bytes), at: arrival)
    }

    /// A stream that has lost something delivers nothing more: the client's patience ends first.
    private func isThrough(_ socket: ClientSocket) -> Bool {
        if clientBlocks[socket.machine] > 0 { socket.isSevered = true }
        return !socket.isSevered
    }

    func requestArrived(_ number: Int, _ bytes: ByteSlice, _ event: SimulationEvent) {
        let socket = sockets[number]
        guard !socket.isRefused, let machine = process(socket.machine, socket.incarnation, event),
            let gateway = machine.gateway
        else { return }
        trace.event(now, 10, number, bytes.count)
        socket.arrived(bytes, at: gateway)
        finishTurn(machine)
    }

    func carryResponse(_ bytes: ByteSlice, over socket: ClientSocket) {
        guard isThrough(socket) else { return }
        let arrival = max(now + networkRandom.between(plan.latency), socket.lastResponseArrival)
        socket.lastResponseArrival = arrival
        queue.add(.response(connection: socket.number, bytes), at: arrival)
    }

    func responseArrived(_ number: Int, _ bytes: ByteSlice) {
        let socket = sockets[number]
        guard !socket.isClosed else { return }
        trace.event(now, 11, number, bytes.count)
        do {
            try socket.receive(bytes)
        } catch {
            fail("client \(socket.client.name): \(error)")
        }
    }

    func brokerClosed(_ socket: ClientSocket) {
        let arrival = max(now + 500, socket.lastResponseArrival)
        queue.add(.closed(connection: socket.number), at: arrival)
        socket.endSession(machines[socket.machine].gateway)
    }

    func clientCloses(_ socket: ClientSocket) {
        socket.closeClientEnd()
        let machine = machines[socket.machine]
        // What the client sent before is on its way and will be served.
        guard machine.isUp, machine.incarnation == socket.incarnation else { return }
        after(networkRandom.between(plan.latency) + 1000) { [unowned self] in
            guard machine.isUp, machine.incarnation == socket.incarnation, !socket.isRefused else { return }
            socket.endSession(machine.gateway)
            self.finishTurn(machine)
        }
    }

    func socketClosed(_ number: Int) {
        let socket = sockets[number]
        guard !socket.isClosed else { return }
        trace.event(now, 12, number, 0)
        socket.closeClientEnd()
    }

    func socketsOfProcessBroke(_ machine: Machine, isSilent: Bool) {
        for socket in sockets where socket.machine == machine.number && socket.incarnation == machine.incarnation {
            socket.endSession(nil)
            if !isSilent, !socket.isClosed { schedule(.closed(connection: socket.number), after: 500) }
        }
    }
}
