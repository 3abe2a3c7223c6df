import Bytes
import Ports
import Testing

@testable import LogStore

/// Entries that cannot be read are written anew from copies, in their place.
@Suite struct RepairTests {
    private func repair(_ range: DamagedRange, with entries: [LogEntry], _ store: LogStore, _ fixture: Fixture) throws {
        let site = try #require(store.repairSite(of: range))
        let found = try fixture.disk.read(site.file, offset: site.offset, count: site.byteCount)
        let outcome = try #require(store.repair(site, found: found, with: entries))
        fixture.complete(outcome.operations, of: store)
        store.onRepaired(range)
    }

    /// Two headers are lost, and a misdirected write has left a copy of the second far behind: the place of the copy
    /// must not be taken for that of the entry, or no copy of the first would ever fit before it. Simulator seeds 530
    /// and 798.
    @Test(arguments: [UInt64(5), 6]) func aCopyOfALostHeaderIsNotTakenForItsPlace(count: UInt64) throws {
        let fixture = Fixture()
        let original = try fixture.created()
        let truth = entries(after: .zero, terms: Array(repeating: 1, count: Int(count)), size: 300)
        fixture.complete(original.append(truth), of: original)
        fixture.complete(original.saveFlushedMark(), of: original)
        let places = try [4, 5].map { Int(try #require(original.location(of: $0)).headerOffset) }
        fixture.disk.killProcess()
        fixture.disk.damage(fixture.path(FileNames.segment(1))) { content in
            for position in 0..<EntryHeader.size { content[14_000 + position] = content[places[1] + position] }
            for place in places { content[place + 20] ^= 1 }
        }

        let (store, recovered) = try fixture.open()
        #expect(recovered.damaged.map { $0.first...$0.last } == [4...5] && recovered.lastIndex == count)
        try repair(try #require(store.damagedRanges.first), with: Array(truth[3...4]), store, fixture)
        fixture.disk.losePower()
        let again = try fixture.open().recovered
        #expect(again.damaged.isEmpty)
        #expect(try again.contents() == truth.map { Content($0) })
    }
}
