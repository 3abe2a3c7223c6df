import Simulator
import Testing

/// The checker must object to every kind of wrong history, and to no right one.
struct HistoryTests {
    private let history = History()
    private let place = History.Partition(stream: 0, partition: 0)
    private let idempotent: Int
    private let plain: Int

    init() {
        idempotent = history.addProducer(isIdempotent: true)
        plain = history.addProducer(isIdempotent: false)
    }

    private func send(_ producer: Int, times: Int = 1) -> History.Value {
        let value = history.invoke(producer: producer, to: place)
        for _ in 0..<times { history.attempted(value) }
        return value
    }

    private func expect(_ wrong: String?, _ word: String) {
        #expect(wrong?.hasPrefix(word) == true, "\(wrong ?? "nothing") instead of \(word)")
    }

    @Test func aRightHistoryPasses() {
        let values = (0..<3).map { _ in send(idempotent) }
        for (offset, value) in values.enumerated() {
            #expect(history.acknowledged(value, at: Int64(offset)) == nil)
            #expect(history.read(value, at: Int64(offset), in: place) == nil)
        }
        let unanswered = send(plain, times: 2)
        #expect(history.audit(place, values) == nil)
        #expect(history.audit(place, values + [unanswered, unanswered]) == nil)
        #expect(history.acknowledgedEnd(of: place) == 3)
    }

    @Test func anAcknowledgedValueThatIsGoneIsLost() {
        let value = send(idempotent)
        #expect(history.acknowledged(value, at: nil) == nil)
        expect(history.audit(place, []), "lost")
    }

    @Test func whatALeaderAloneAcknowledgedMayBeGoneUntilMoreIsPromised() {
        let value = send(plain)
        history.acknowledgedByLeader(value)
        #expect(history.audit(place, []) == nil)
        #expect(history.lostLeaderAcks == 1)
        #expect(history.acknowledged(value, at: nil) == nil)
        history.acknowledgedByLeader(value)
        expect(history.audit(place, []), "lost")
        #expect(history.acknowledgedCount == 1)
    }

    @Test func aValueThatWasSeenAndIsGoneIsLost() {
        #expect(history.read(send(plain), at: 0, in: place) == nil)
        expect(history.audit(place, []), "lost")
    }

    @Test func aValueNobodySentIsAPhantom() {
        let neverSent = history.invoke(producer: plain, to: place)
        expect(history.read(neverSent, at: 0, in: place), "phantom")
        expect(history.read(History.Value(producer: 7, number: 0), at: 0, in: place), "phantom")
        let elsewhere = History.Partition(stream: 0, partition: 1)
        expect(history.read(send(plain), at: 0, in: elsewhere), "phantom")
    }

    @Test func anOffsetHasOneValue() {
        #expect(history.read(send(plain), at: 4, in: place) == nil)
        expect(history.read(send(plain), at: 4, in: place), "inconsistent offset")
        expect(history.acknowledged(send(idempotent), at: 4), "inconsistent offset")
    }

    @Test func anIdempotentValueIsThereOnce() {
        let value = send(idempotent, times: 3)
        expect(history.audit(place, [value, value]), "duplicate")
        #expect(history.acknowledged(value, at: 0) == nil)
        #expect(history.acknowledged(value, at: 1) != nil)
    }

    @Test func aPlainValueIsThereAsOftenAsItWasSent() {
        let value = send(plain, times: 2)
        #expect(history.acknowledged(value, at: 1) == nil)
        #expect(history.audit(place, [value, value]) == nil)
        expect(history.audit(place, [value, value, value]), "duplicate")
    }

    @Test func valuesOfAProducerKeepTheirOrder() {
        let first = send(idempotent)
        let second = send(idempotent)
        expect(history.audit(place, [second, first]), "reordered")
    }

    @Test func acknowledgedPlainValuesKeepTheirOrder() {
        let first = send(plain)
        let second = send(plain)
        for value in [first, second] { #expect(history.acknowledged(value, at: nil) == nil) }
        expect(history.audit(place, [second, first]), "reordered")
    }
}
