import Testing

@testable import holdfast

struct SpellingTests {
    @Test func aMistypedWordFindsItsNeighbour() {
        #expect(Spelling.nearest(to: "statsu", among: ["serve", "status", "format"]) == "status")
        #expect(Spelling.nearest(to: "--bootstap", among: ["--bootstrap", "--topic"]) == "--bootstrap")
        #expect(Spelling.nearest(to: "elephant", among: ["serve", "status", "format"]) == nil)
    }

    @Test func distanceCountsEdits() {
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("", "abc") == 3)
        #expect(Spelling.distance("same", "same") == 0)
    }
}
