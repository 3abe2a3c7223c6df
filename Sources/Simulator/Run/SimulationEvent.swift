import Bytes
import Ports

/// What can happen in a simulation. Machines, links and clients are named by number; an event that was meant for a
/// process or a connection that is gone is dropped when its time comes.
enum SimulationEvent {
    /// The timer of a node's loop.
    case tick(machine: Int, incarnation: Int)
    case diskWork(machine: Int, incarnation: Int, DiskThread)
    case frame(from: Int, to: Int, generation: Int, ByteSlice)
    /// One end learns that its link is up or down.
    case link(end: Int, peer: Int, generation: Int, isUp: Bool)
    /// A pair of machines without a link tries to connect.
    case connect(pair: Int)
    /// A link on which nothing gets through one way is given up, if that is still so.
    case giveUp(pair: Int, generation: Int)
    case request(connection: Int, ByteSlice)
    case response(connection: Int, ByteSlice)
    /// A client learns that its connection is gone.
    case closed(connection: Int)
    /// Something a client has put off; see `Simulation.after`.
    case timer(Int)
    case start(machine: Int)
    /// The next fault is due.
    case nemesis
    case heal(number: Int)
}

/// The threads of a node that do its disk work.
enum DiskThread: Int, CaseIterable {
    case writer, reader, jobs
}
