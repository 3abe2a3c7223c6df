import Bytes
import KafkaWire

@testable import HoldfastClient

/// A network of brokers in memory, in time of its own: waiting moves the clock and nothing else.
final class FakeNetwork: ClientNetwork {
    private(set) var monotonicNanoseconds: UInt64 = 1_000_000_000
    let wallMilliseconds: Int64 = 1_700_000_000_000
    private var generator = SplitMix64(seed: 7)
    let cluster: FakeCluster
    /// Answers to produce requests stay on the way while set.
    var holdsAnswers = false
    private(set) var connects: [BrokerAddress] = []

    init(_ cluster: FakeCluster) { self.cluster = cluster }

    func random() -> UInt64 { generator.next() }
    func pause(nanoseconds: UInt64) { advance(nanoseconds) }

    func advance(_ nanoseconds: UInt64) {
        monotonicNanoseconds += nanoseconds
        cluster.now = monotonicNanoseconds
    }

    func connect(
        to address: BrokerAddress, timeoutMilliseconds: Int
    ) throws(ConnectionLost) -> any ClientStream {
        connects.append(address)
        guard let node = cluster.node(at: address), !cluster.down.contains(node) else {
            advance(UInt64(timeoutMilliseconds) * 1_000)
            throw ConnectionLost("connection refused by \(address)")
        }
        return FakeStream(node: node, network: self)
    }
}

private final class FakeStream: ClientStream {
    private let node: Int32
    private unowned let network: FakeNetwork
    private var assembler = FrameAssembler(maximumFrame: 1 << 28)
    private var inbox: [(frame: ByteSlice, isProduce: Bool)] = []
    private var isLost = false

    init(node: Int32, network: FakeNetwork) {
        self.node = node
        self.network = network
    }

    func send(_ bytes: ByteSlice, timeoutMilliseconds: Int) throws(ConnectionLost) {
        try checkAlive()
        assembler.append(bytes)
        while !isLost {
            do throws(FrameError) {
                guard let frame = try assembler.next() else { return }
                handle(frame)
            } catch {
                throw ConnectionLost("\(error)")
            }
        }
    }

    private func handle(_ frame: ByteSlice) {
        let reply = network.cluster.answer(frame, node: node)
        network.advance(network.cluster.heldBack)
        switch reply {
        case .frame(let answer): inbox.append((answer, frame.load(0, as: Int16.self) == ApiKey.produce.rawValue))
        case .silence: break
        case .hangUp: isLost = true
        }
    }

    func receiveFrame(maximum: Int, timeoutMilliseconds: Int) throws(ConnectionLost) -> ByteSlice? {
        if network.cluster.down.contains(node) { isLost = true }
        if let next = inbox.first, !(next.isProduce && network.holdsAnswers) { return inbox.removeFirst().frame }
        try checkAlive()
        network.advance(UInt64(timeoutMilliseconds) * 1_000_000)
        return nil
    }

    private func checkAlive() throws(ConnectionLost) {
        if isLost { throw ConnectionLost("node \(node) closed the connection") }
    }
}
