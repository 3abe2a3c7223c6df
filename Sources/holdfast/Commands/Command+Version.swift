extension Command {
    static let version = Command("version", "print the version") { _ throws(CommandFailure) in
        try Output.printAll("holdfast \(Version.text)\n")
        return 0
    }
}
