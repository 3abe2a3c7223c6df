extension Command {
    static let bench = Command(
        "bench", "measure throughput and latency of a cluster", flags: BenchPlan.flags,
        details: """
            produce   full batches, as many as the brokers take
            latency   one record at a time
            pipeline  one record per request, --in-flight requests unanswered
            consume   reads --records records from the start of the topic
            Progress goes to standard error once per second, the result to standard output.
            """
    ) { arguments throws(CommandFailure) in
        let result = try BenchRun(plan: try BenchPlan(arguments)).run()
        try Output.printAll(result)
        return 0
    }
}
