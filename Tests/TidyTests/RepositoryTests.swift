import Testing

/// The rules, applied to this repository.
@Suite struct RepositoryTests {
    let repository = Repository.current

    @Test func modulesImportOnlyWhatIsBelowThem() {
        expectNone(repository.files.flatMap(ImportRule.check))
    }

    @Test func pureModulesAreDeterministic() {
        expectNone(repository.files.flatMap(PurityRule.check))
    }

    @Test func pureModulesNeverWalkOverADictionaryOrSet() {
        let modules = Dictionary(grouping: repository.files.filter(\.isSwift)) { $0.module ?? "" }
        expectNone(modules.values.flatMap { UnorderedRule.check(module: $0) })
    }

    @Test func nothingIsTooLongToRead() {
        let written = ["Sources", "Tests", "cluster", "docker"].flatMap { repository.files(below: $0) }
        expectNone(written.flatMap(LimitRule.check))
    }

    @Test func nothingIsLeftUnfinishedOrTiedToAMachine() {
        expectNone(repository.files.flatMap(TextRule.check))
    }

    @Test func noErrorIsSwallowedAndNoTestSleeps() {
        expectNone(repository.files.flatMap(TextRule.checkCode))
    }

    @Test func theTopLevelHoldsOnlyWhatBelongsThere() {
        expectNone(TreeRule.checkTopLevel(repository.topLevel))
    }

    @Test func everyModuleHasSomethingInIt() {
        expectNone(TreeRule.checkPlaceholders(repository))
    }

    @Test func theManifestHasNoDependenciesAndNoUnsafeFlags() throws {
        let manifest = try #require(repository.files.first { $0.path == "Package.swift" })
        expectNone(TreeRule.checkManifest(manifest))
    }

    @Test func noFileIsDead() {
        expectNone(DeadFileRule.checkSources(repository.files))
        expectNone(DeadFileRule.checkScripts(repository.files))
    }

    /// Guards the tests above against reading nothing.
    @Test func theRepositoryWasRead() {
        #expect(repository.files.count > 50)
        #expect(repository.topLevel.contains("Sources"))
        #expect(repository.files.contains { $0.module == "Raft" && !Declaration.bodies(in: $0.tokens).isEmpty })
        #expect(repository.files.contains { $0.module == "Broker" && !ImportRule.imports(in: $0).isEmpty })
    }

    private func expectNone(_ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
        let list = violations.map(\.description).joined(separator: "\n")
        #expect(violations.isEmpty, Comment(rawValue: list), sourceLocation: sourceLocation)
    }
}
