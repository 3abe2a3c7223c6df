import Testing

/// Each rule rejects a hand-made bad sample and accepts a good one beside it.
@Suite struct RuleTests {
    private func file(_ text: String, _ path: String = "Sources/Raft/Sample.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test(arguments: [
        ("Sources/Raft/A.swift", "import Bytes"),
        ("Sources/Raft/A.swift", "@preconcurrency import Foundation"),
        ("Sources/Broker/A.swift", "import Synchronization"),
        ("Sources/Broker/A.swift", "import struct Foundation.Date"),
        ("Sources/Bytes/A.swift", "/* import Bytes */ package import Glibc"),
        ("Sources/Node/A.swift", "import SystemIO"),
        ("Sources/Node/A.swift", "import Glibc"),
        ("Sources/KafkaGateway/A.swift", "import AMQPWire"),
        ("Sources/LogStore/A.swift", "let a = 1; import Raft"),
        ("Sources/Simulator/A.swift", "import Server"),
        ("Sources/Server/A.swift", "import Foundation"),
        ("Sources/HoldfastClient/A.swift", "import Raft"),
        ("Sources/Nowhere/A.swift", "struct A {}"),
    ])
    func importsAgainstTheTable(path: String, text: String) {
        #expect(ImportRule.check(file(text, path)).count == 1)
    }

    @Test(arguments: [
        ("Sources/Raft/A.swift", "// import Foundation\nlet a = \"import Foundation\""),
        ("Sources/Node/A.swift", "import Raft\nimport Synchronization\n@preconcurrency import Broker"),
        ("Sources/Server/A.swift", "import Glibc\nimport struct Broker.Topic"),
        ("Sources/holdfast/main.swift", "import Server\nimport Glibc"),
        ("Tests/RaftTests/A.swift", "import Foundation"),
    ])
    func importsWithinTheTable(path: String, text: String) {
        #expect(ImportRule.check(file(text, path)).isEmpty)
    }

    @Test(arguments: [
        "let now = ContinuousClock.now", "let x = UInt64.random(in: 0..<9)", "list.shuffle()", "var hasher = Hasher()",
        "func f() async {}", "print(1)", "let share: Double = 0", "let t = time(nil)", "let m = Mutex(1)",
        "let text = \"\\(names.randomElement())\"",
    ])
    func impureCodeInACore(text: String) {
        #expect(PurityRule.check(file(text)).count == 1)
        #expect(PurityRule.check(file(text, "Sources/Server/A.swift")).isEmpty)
    }

    @Test(arguments: [
        "// print(1), Date, async", "let text = \"a Double is random()\"", "let random: UInt64 = 4",
        "func print(_ x: Int) {}", "entry.time(1)",
    ])
    func pureCode(text: String) {
        #expect(PurityRule.check(file(text)).isEmpty)
    }

    @Test(arguments: [
        "for (key, value) in table { use(key) }", "for key in state.table.keys where key > 1 {}",
        "let a = table.map { $0.key }", "let b = table.values.reduce(0, +)", "let c = table.keys.first",
        "members.forEach { use($0) }", "let d = members.filter { $0 > 1 }",
    ])
    func walkOverADictionary(text: String) {
        let declarations = file("var table: [Int: String] = [:]\nvar members: Set<Int> = []", "Sources/Raft/B.swift")
        #expect(UnorderedRule.check(module: [declarations, file(text)]).count == 1)
    }

    @Test(arguments: [
        "for key in table.keys.sorted() {}", "let a = table[1]", "let b = table.values.map { $0 }.sorted()",
        "let c = members.contains(1)", "let d = table.count", "list.forEach { use($0) }", "for x in list {}",
        "for entry in both {}", "if key in table {}", "let e = members.filter { $0 > 1 }.count",
    ])
    func orderedUse(text: String) {
        let unordered = "var table: [Int: String] = [:]\nvar members: Set<Int> = []\nvar both: [Int: Int]"
        let one = file(unordered, "Sources/Raft/B.swift")
        let two = file("let list: [Int] = []\nvar both: [Int]", "Sources/Raft/C.swift")
        #expect(UnorderedRule.check(module: [one, two, file(text)]).isEmpty)
    }

    @Test func tooLong() {
        let line = "//" + String(repeating: "é", count: LimitRule.lineColumns - 2)
        #expect(LimitRule.check(file(line)).isEmpty)
        #expect(LimitRule.check(file(line + "é")).count == 1)
        let long = String(repeating: "\n", count: LimitRule.fileLines)
        #expect(LimitRule.check(file(long)).isEmpty)
        #expect(LimitRule.check(file(long + "\n")).count == 1)
        let script = "\(line)é\n  1 answers \(line)é\n"
        #expect(LimitRule.check(file(script, "Tests/RaftTests/Scripts/a.txt")).map(\.line) == [1])
        #expect(LimitRule.check(file(script, "Tests/RaftTests/a.txt")).map(\.line) == [1, 2])
    }

    @Test(arguments: [
        "func f()", "init?<T>(x: T = { 1 }()) throws(E)\nwhere T: P", "var x: Int", "deinit",
        "subscript(i: Int) -> Int", "func f(\n)\n-> Int", "static func == (a: A, b: A) -> Bool", "func f() -> [\nInt]",
    ])
    func longFunction(head: String) {
        let headLines = head.split(separator: "\n").count
        func sample(_ lines: Int) -> SourceFile {
            let body = String(repeating: "\n", count: lines - headLines)
            return file("struct S {\nlet text = \"}\" // {\n\(head) {\(body)}\n}\n")
        }
        #expect(LimitRule.check(sample(LimitRule.functionLines)).isEmpty)
        #expect(LimitRule.check(sample(LimitRule.functionLines + 1)).count == 1)
    }

    @Test func noFunctionIsFoundWhereThereIsNone() {
        let text = "protocol P {\nfunc a() throws\nvar b: Int\nfunc c()\n}\nlet d = X.init(e)\nvar f = 1\n{}"
        #expect(Declaration.bodies(in: file(text).tokens).isEmpty)
    }

    @Test(arguments: [
        "// TO" + "DO later", "# FIX" + "ME", "open(\"/ho" + "me/someone/x\")", "cd /wo" + "rk/x", "/ro" + "ot/",
    ])
    func unfinishedOrTiedToAMachine(text: String) {
        #expect(TextRule.check(file(text, "cluster/x")).count == 1)
    }

    @Test(arguments: ["# TO" + "DOS is a system", "see net" + "work/x", "a/ro" + "ot/b", "https://x.org/ho" + "me/y"])
    func finished(text: String) {
        #expect(TextRule.check(file(text, "cluster/x")).isEmpty)
    }

    @Test func swallowedErrors() {
        #expect(TextRule.checkCode(file("let x = try? read()")).count == 1)
        #expect(TextRule.checkCode(file("let x = try read() // not try?")).isEmpty)
    }

    @Test(arguments: TextRule.waits)
    func waitsInTestsAndPureModules(call: String) {
        #expect(TextRule.checkCode(file("\(call)(10)", "Tests/A/B.swift")).count == 1)
        #expect(TextRule.checkCode(file("try await Task.\(call)(for: .seconds(1))", "Tests/A/B.swift")).count == 1)
        #expect(TextRule.checkCode(file("let text = \"\(call)(1)\"", "Tests/A/B.swift")).isEmpty)
        #expect(PurityRule.check(file("\(call)(10)", "Sources/Raft/A.swift")).count == 1)
    }

    @Test func topLevel() {
        let found = TreeRule.checkTopLevel(["README.md", "Sources", "notes.txt", "scripts"]).map(\.path)
        #expect(found == ["notes.txt", "scripts"])
    }

    @Test func placeholders() {
        let files = [
            file("// soon", "Sources/Raft/A.swift"), file("struct B {}", "Sources/Broker/B.swift"),
            file("struct B {}", "Sources/Node/Placeholder.swift"), file("int x;", "Sources/CSystem/x.c"),
        ]
        let found = TreeRule.checkPlaceholders(Repository(files: files)).map(\.path)
        #expect(found == ["Sources/Raft", "Sources/Node/Placeholder.swift"])
    }

    @Test func manifest() {
        let bad = "Package(dependencies: [.package(url: \"x\", from: \"1\")], swiftSettings: [.unsafeFlags([])])"
        #expect(TreeRule.checkManifest(file(bad, "Package.swift")).count == 2)
        #expect(TreeRule.checkManifest(file("package let x = 1 // .package(", "Package.swift")).isEmpty)
    }

    @Test func deadSources() {
        let files = [
            file("struct Used {}", "Sources/Raft/Used.swift"),
            file("extension Used { func helper() { let local = 1 } }", "Sources/Raft/Used+Helper.swift"),
            file("struct Unused { let local = Used().helper() }", "Sources/Raft/Unused.swift"),
            file("struct Local {}\nextension Used { var shown: Int { 1 } }", "Sources/Raft/Shown.swift"),
            file("let one = Used().shown\nprivate let hidden = 1", "Sources/Bytes/main.swift"),
            file("extension Used { private static func hidden() {} }", "Sources/Raft/Used+Hidden.swift"),
            file("extension Used { func nobody() {} }", "Sources/Raft/Used+Nobody.swift"),
            file("extension Used: Equatable { func nothing() {} }", "Sources/Raft/Used+Equatable.swift"),
        ]
        let dead = DeadFileRule.checkSources(files).map(\.path)
        #expect(dead == ["Unused", "Used+Hidden", "Used+Nobody"].map { "Sources/Raft/\($0).swift" })
    }

    @Test func deadScripts() {
        let files = [
            file("source lib/a.sh\nfrom helper import x", "cluster/up"), file("", "cluster/lib/a.sh"),
            file("", "cluster/lib/helper.py"), file("", "cluster/lib/b.sh"), file("", "cluster/tests/test_a.py"),
            file("Run cluster/up; what is up?", "README.md"), file("", "cluster/what"),
        ]
        #expect(DeadFileRule.checkScripts(files).map(\.path) == ["cluster/lib/b.sh", "cluster/what"])
    }

    @Test func commentsAndStringsAreBlanked() {
        let text = "a /* b /* c */ d */ e // f\n\"g \\(h(\"i\")) j\" k #\"l \"m\\#(n)\"# o "
            + "\"\"\"\np \"q\" \\\"\"\"\n\"\"\" r"
        let code = String(decoding: CodeMask.code(of: Array(text.utf8)), as: UTF8.self)
        #expect(code.utf8.count == text.utf8.count)
        #expect(code.split { $0 == " " || $0 == "\n" } == ["a", "e", "h(", ")", "k", "n", "o", "r"])
    }
}
