import Ports

/// Numbers of the Kafka gateway.
package struct KafkaSettings: Sendable {
    package var autoCreateTopics = true
    package var defaultPartitions = 1
    /// What DescribeLogDirs names: where this node keeps its log.
    package var dataDirectory = ""
    /// Where clients find each node.
    package var endpoints: [NodeID: KafkaEndpoint] = [:]
    /// Responses a connection may have pending before its requests are read no further.
    package var maximumPendingResponses = 16 * 1024
    /// Bytes queued towards a client, or held for it, before its requests are read no further.
    package var maximumQueuedBytes = 32 << 20
    /// Largest fetch response, whatever the client allows.
    package var maximumFetchBytes = 56 << 20
    /// Topics or resources one administrative request may name; those beyond are refused.
    package var maximumItemsPerRequest = 5000
    /// How long a request waits for a leader to be elected or to get ready before a retriable error is the answer.
    package var leaderPatienceMilliseconds = 1000
    /// How long a request without a timeout of its own may take.
    package var commandTimeoutMilliseconds = 10_000

    /// How often records are looked for that have outlived their topic's retention.
    package var retentionCheckMilliseconds = 300_000

    package var groups = GroupSettings()
    package var transactions = TransactionSettings()

    package init() {}
}

package struct KafkaEndpoint: Hashable, Sendable {
    package let host: String
    package let port: Int32

    package init(host: String, port: Int32) {
        self.host = host
        self.port = port
    }
}
