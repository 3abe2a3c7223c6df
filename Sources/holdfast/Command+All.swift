extension Command {
    /// In the order of the overview.
    static let all: [Command] = [
        format, serve, health, status, clusterAdd, clusterPromote, clusterRemove, clusterTransfer, topicCreate,
        topicList, topicDescribe, topicConfigure, topicDelete, groupList, groupDescribe, groupResetOffsets, groupDelete,
        quotaList, quotaSet, produce, consume, outcome, bench, verify, simulate, version, help,
    ]

    /// Listed here; `CommandLineTool` answers it.
    private static let help = Command(
        "help", "describe a command", operands: "[COMMAND]"
    ) { _ throws(CommandFailure) in 0 }
}
