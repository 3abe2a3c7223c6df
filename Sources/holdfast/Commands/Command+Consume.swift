extension Command {
    static let consume = Command(
        "consume", "print the records of a topic, one per line",
        flags: [
            .bootstrap,
            Flag("topic", "NAME", "where from", need: .required),
            Flag("partition", "N|all", "which partition", default: "all"),
            Flag("from", "earliest|latest|OFFSET|@MILLISECONDS", "where to begin", default: "earliest"),
            Flag(switch: "from-beginning", "the same as --from earliest"),
            Flag("count", "N", "stop after that many records"),
            Flag(switch: "follow", "wait for more records instead of stopping at the end"),
            Flag(switch: "print-key", "put the key and a tab before the value"),
            Flag(switch: "print-offset", "put PARTITION:OFFSET and a tab before that"),
        ],
        details: """
            Without --follow it stops at what was the end when it began. @MILLISECONDS begins at the first record that
            is not older than that many milliseconds since 1970.
            """
    ) { arguments throws(CommandFailure) in
        let run = try ConsumeRun(arguments)
        try run.print()
        return 0
    }
}
