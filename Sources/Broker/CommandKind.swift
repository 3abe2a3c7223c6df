/// First byte of a command in the log. Numbers are never reused.
enum CommandKind: UInt8 {
    case createTopic = 1
    case deleteTopic = 2
    case createPartitions = 3
    case setTopicConfigs = 4
    case allocateProducer = 5
    case produce = 6
    case deleteRecords = 7
    case setLimits = 8
    case storeGroup = 9
    case commitOffsets = 10
    case deleteGroup = 11
    case deleteOffsets = 12
    case expireOffsets = 13
    case changeMembership = 14
    case setQuotas = 40
    case initializeTransaction = 15
    case addToTransaction = 16
    case addTransactionOffsets = 17
    case endTransaction = 18
    case expireTransactions = 19
    case replaceBatches = 20
    case confirmTime = 21
    case doubtTime = 22
}
