import Simulator
import Testing

/// The checker of compacted topics must object to every kind of wrong history, and to no right one.
struct KeyHistoryTests {
    private let history = KeyHistory(partitions: 1, keepsTombstones: true)

    /// A record that was acknowledged at `offset`.
    private func stored(_ key: Int, at offset: Int64, isTombstone: Bool = false) -> KeyHistory.Seen {
        let number = history.send(key: key, to: 0, isTombstone: isTombstone)
        #expect(history.acknowledged(number, at: offset) == nil)
        return KeyHistory.Seen(offset: offset, number: number, key: key, isTombstone: isTombstone)
    }

    private func look(
        _ records: [KeyHistory.Seen], from first: Int64 = 0, start: Int64 = 0, end: Int64,
        _ pass: KeyHistory.Pass? = nil
    ) -> String? {
        var pass = pass ?? history.beginPass(0)
        pass.begin(at: first, start: start, end: end)
        pass.records = records
        return history.finish(pass)
    }

    private func expect(_ wrong: String?, _ word: String) {
        #expect(wrong?.hasPrefix(word) == true, "\(wrong ?? "nothing") instead of \(word)")
    }

    @Test func aRightHistoryPasses() {
        let (one, two) = (stored(1, at: 0), stored(2, at: 1))
        #expect(look([one, two], end: 2) == nil)
        let (mark, three) = (stored(1, at: 2, isTombstone: true), stored(3, at: 3))
        #expect(look([one, two, mark, three], end: 4) == nil)
        #expect(look([two, mark, three], end: 4) == nil)
        #expect(look([mark, three], from: 2, end: 4) == nil)
        // A later one that the look did not come to.
        _ = history.send(key: 2, to: 0, isTombstone: false)
        #expect(look([mark, three], end: 4) == nil)
        history.deleting(0, before: 3)
        #expect(look([three], from: 3, start: 3, end: 4) == nil)
    }

    @Test func theLastOfAKeyMustBeThere() {
        let one = stored(1, at: 0)
        let last = stored(1, at: 1)
        expect(look([one], end: 2), "lost")
        #expect(look([last], end: 2) == nil)
        let mark = stored(1, at: 2, isTombstone: true)
        expect(look([], end: 3), "lost")
        #expect(look([mark], end: 3) == nil)
    }

    /// Acknowledged without an offset, as a duplicate is, before the last one was sent: it cannot have replaced that.
    @Test func whatWasThereBeforeReplacesNothing() {
        #expect(history.acknowledged(history.send(key: 1, to: 0, isTombstone: false), at: nil) == nil)
        _ = stored(1, at: 5)
        expect(look([], end: 6), "lost")
        _ = history.send(key: 1, to: 0, isTombstone: false)
        #expect(look([], end: 6) == nil)
    }

    @Test func aDeleteMarkerMayGoWhenItsTimeIsOver() {
        let history = KeyHistory(partitions: 1, keepsTombstones: false)
        #expect(history.acknowledged(history.send(key: 1, to: 0, isTombstone: true), at: 0) == nil)
        var pass = history.beginPass(0)
        pass.begin(at: 0, start: 0, end: 1)
        #expect(history.finish(pass) == nil)
    }

    @Test func whatWasCleanedDoesNotComeBack() {
        let (one, two) = (stored(1, at: 0), stored(1, at: 1))
        #expect(look([two], end: 2) == nil)
        expect(look([one, two], end: 2), "back")
    }

    /// A marker is gone, and what it had deleted is there.
    @Test func anOlderRecordDoesNotOutliveALaterOne() {
        let (one, two, three) = (stored(1, at: 0), stored(1, at: 1), stored(1, at: 2))
        #expect(look([one, three], end: 3) == nil)
        expect(look([one, three], end: 3), "kept")
        #expect(look([three], end: 3) == nil)
        expect(look([two, three], end: 3), "back")
    }

    @Test func offsetsStay() {
        let one = stored(1, at: 5)
        let moved = KeyHistory.Seen(offset: 4, number: 0, key: 1, isTombstone: false)
        expect(look([moved], end: 6), "moved")
        let number = history.send(key: 2, to: 0, isTombstone: false)
        expect(history.acknowledged(number, at: 5), "inconsistent")
        expect(history.acknowledged(0, at: 6), "moved")
        expect(look([one, one], end: 6), "reordered")
    }

    @Test func whatNobodySentIsAPhantom() {
        expect(look([KeyHistory.Seen(offset: 0, number: 7, key: 1, isTombstone: false)], end: 1), "phantom")
        let number = history.send(key: 1, to: 0, isTombstone: false)
        expect(look([KeyHistory.Seen(offset: 0, number: number, key: 2, isTombstone: false)], end: 1), "phantom")
        expect(look([KeyHistory.Seen(offset: 0, number: number, key: 1, isTombstone: true)], end: 1), "phantom")
    }

    @Test func abortedRecordsReplaceNothingAndAreNotRead() {
        let one = stored(1, at: 0)
        let transaction = history.begin()
        let number = history.send(key: 1, to: 0, isTombstone: false, in: transaction)
        #expect(history.acknowledged(number, at: 1) == nil)
        let hidden = KeyHistory.Seen(offset: 1, number: number, key: 1, isTombstone: false)
        expect(look([one, hidden], end: 2), "aborted read")
        history.abandoned(transaction)
        expect(look([], end: 2), "lost")
        #expect(look([one], end: 2) == nil)
        let other = history.begin()
        let later = history.send(key: 1, to: 0, isTombstone: false, in: other)
        #expect(history.acknowledged(later, at: 2) == nil)
        history.asked(other)
        // It may be committed yet; then it must be there.
        #expect(look([one, KeyHistory.Seen(offset: 2, number: later, key: 1, isTombstone: false)], end: 3) == nil)
        history.ended(other, commits: true)
        expect(look([one], end: 3), "lost")
    }

    @Test func theBeginningIsWhereItWasPutAndStaysThere() {
        _ = stored(1, at: 0)
        expect(look([], from: 1, start: 1, end: 1), "lost")
        history.deleting(0, before: 1)
        let before = history.beginPass(0)
        history.deleted(0, before: 1)
        #expect(look([], from: 0, start: 0, end: 1, before) == nil)
        expect(look([], end: 1), "back")
        #expect(look([], from: 1, start: 1, end: 1) == nil)
    }
}
