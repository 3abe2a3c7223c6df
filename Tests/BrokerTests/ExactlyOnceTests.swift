import Bytes
import Testing

@testable import Broker

/// Idempotent producers over a link that loses requests and replies, and leaders that change: everything arrives, once,
/// in order, and what was acknowledged is where the acknowledgement said.
struct ExactlyOnceTests {
    /// One producer and one partition, as clients do it: never more than five batches from the first unacknowledged
    /// one on.
    private struct Client {
        struct Sent {
            var number: Int
            var sequence: Int32
            var count: Int
            /// Entry whose application acknowledges it; nil inside when it is the open one.
            var waiting: UInt64??
            var offset: Int64 = -1
        }

        let producer: ProducerIdentity
        let key: PartitionKey
        var next: Int32 = 0
        var batchCount = 0
        var unacked: [Sent] = []
        var acknowledged: [(offset: Int64, sequence: Int32, count: Int)] = []
    }

    private struct World {
        var leader = Leader()
        var random: SplitMix64
        var clients: [Client] = []
        var duplicates = 0
        var refusals = 0
        var lossless = false

        init(seed: UInt64) throws {
            random = SplitMix64(seed: seed)
            let topic = try leader.createTopic(partitions: 2)
            for number in 0..<6 {
                let key = PartitionKey(topic: topic, partition: UInt32(number % 2))
                clients.append(Client(producer: try leader.allocateProducer(), key: key))
            }
        }

        mutating func isLost() -> Bool { !lossless && random.below(4) == 0 }

        mutating func send(_ client: Int, _ position: Int) {
            if isLost() { return }
            let sent = clients[client].unacked[position]
            let bytes = batch(
                "c\(client).\(sent.sequence)", count: sent.count, producer: clients[client].producer,
                sequence: sent.sequence)
            switch leader.admit(bytes, clients[client].key) {
            case .accepted(let offset, _, _):
                clients[client].unacked[position].waiting = .some(nil)
                clients[client].unacked[position].offset = offset
            case .pendingDuplicate(let offset, _, _, let index):
                duplicates += 1
                clients[client].unacked[position].waiting = .some(index)
                clients[client].unacked[position].offset = offset
            case .duplicate(let offset, _, _):
                duplicates += 1
                clients[client].unacked[position].offset = offset
                if !isLost() { acknowledge(client, sent.sequence) }
            case .rejected(.outOfOrderSequence):
                refusals += 1
                #expect(position > 0, "the first unacknowledged batch is never out of order")
            case .rejected(let error):
                Issue.record("client \(client), sequence \(sent.sequence): \(error)")
            }
        }

        mutating func acknowledge(_ client: Int, _ sequence: Int32) {
            guard let position = clients[client].unacked.firstIndex(where: { $0.sequence == sequence }) else { return }
            let sent = clients[client].unacked.remove(at: position)
            clients[client].acknowledged.append((sent.offset, sent.sequence, sent.count))
        }

        mutating func sendNew(_ client: Int) {
            let number = clients[client].batchCount
            if let first = clients[client].unacked.first, number - first.number >= 5 { return }
            let count = 1 + random.below(3)
            clients[client].unacked.append(
                Client.Sent(number: number, sequence: clients[client].next, count: count, waiting: nil))
            clients[client].batchCount += 1
            clients[client].next += Int32(count)
            send(client, clients[client].unacked.count - 1)
        }

        /// Everything unacknowledged, in order; an answer in between may shorten the list.
        mutating func resend(_ client: Int) {
            for sequence in clients[client].unacked.map(\.sequence) {
                if let position = clients[client].unacked.firstIndex(where: { $0.sequence == sequence }) {
                    send(client, position)
                }
            }
        }

        mutating func seal() {
            guard let index = leader.seal() else { return }
            for client in clients.indices {
                for position in clients[client].unacked.indices
                where clients[client].unacked[position].waiting == .some(nil) {
                    clients[client].unacked[position].waiting = index
                }
            }
        }

        mutating func apply(_ count: Int?) throws {
            for result in try leader.apply(count) { #expect(result == .produced(rejected: [])) }
            let through = leader.broker.appliedIndex
            for client in clients.indices {
                for sent in clients[client].unacked {
                    guard let waiting = sent.waiting, let index = waiting, index <= through else { continue }
                    if !isLost() { acknowledge(client, sent.sequence) }
                }
            }
        }

        mutating func changeTerm() {
            leader.changeTerm()
            for client in clients.indices {
                for position in clients[client].unacked.indices { clients[client].unacked[position].waiting = nil }
            }
        }

        mutating func step() throws {
            let client = random.below(clients.count)
            switch random.below(20) {
            case 0..<9: sendNew(client)
            case 9..<13: resend(client)
            case 13..<16: seal()
            case 16..<19: try apply(1 + random.below(2))
            default: if random.below(10) == 0 { changeTerm() }
            }
        }

        mutating func settle() throws {
            lossless = true
            for _ in 0..<100 {
                if clients.allSatisfy({ $0.unacked.isEmpty }) { return }
                for client in clients.indices { resend(client) }
                seal()
                try apply(nil)
            }
            throw Unexpected(text: "clients are not done: \(clients.map(\.unacked))")
        }
    }

    @Test func lostRequestsRepliesAndLeaders() throws {
        var duplicates = 0
        var refusals = 0
        for seed in UInt64(30)..<38 {
            var world = try World(seed: seed)
            for _ in 0..<900 { try world.step() }
            try world.settle()
            for partition in UInt32(0)..<2 {
                let key = PartitionKey(topic: world.clients[0].key.topic, partition: partition)
                let records = try world.leader.consume(key, maximumBytes: 3_000)
                #expect(records.map(\.offset) == records.indices.map { Int64($0) })
                for (number, client) in world.clients.enumerated() where client.key == key {
                    let own = records.filter { $0.value?.text.hasPrefix("c\(number).") == true }
                    let expected = client.acknowledged.sorted { $0.sequence < $1.sequence }.flatMap { sent in
                        (0..<sent.count).map { "c\(number).\(sent.sequence).\($0)" }
                    }
                    #expect(own.map { $0.value?.text } == expected)
                    for sent in client.acknowledged {
                        #expect(records[Int(sent.offset)].value?.text == "c\(number).\(sent.sequence).0")
                    }
                }
            }
            duplicates += world.duplicates
            refusals += world.refusals
        }
        #expect(duplicates > 500 && refusals > 100, "\(duplicates) duplicates, \(refusals) refusals")
    }
}
