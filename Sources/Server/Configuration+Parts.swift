import Glibc
import KafkaGateway
import LogStore
import Node
import Raft

extension Configuration {
    var nodeSettings: NodeSettings {
        var settings = NodeSettings()
        settings.raft.electionTicks = max(electionMilliseconds / settings.tickMilliseconds, 2)
        settings.raft.heartbeatTicks = max(heartbeatMilliseconds / settings.tickMilliseconds, 1)
        settings.log = LogStoreSettings(segmentBytes: UInt64(segmentBytes))
        settings.minimumFreeBytes = UInt64(minimumFreeBytes)
        settings.cacheBytes = cacheBytes
        settings.snapshotIntervalBytes = snapshotBytes
        settings.rewriteCheckMilliseconds = rewriteCheckMilliseconds
        return settings
    }

    /// The data directory from the root on; as it was given if that cannot be told.
    private var absoluteData: String {
        guard let path = realpath(data, nil) else { return data }
        defer { free(path) }
        return String(cString: path)
    }

    var kafkaSettings: KafkaSettings {
        var settings = KafkaSettings()
        settings.autoCreateTopics = autoCreateTopics
        settings.defaultPartitions = defaultPartitions
        settings.dataDirectory = absoluteData
        settings.retentionCheckMilliseconds = retentionCheckMilliseconds
        settings.groups.initialRebalanceDelayMilliseconds = groupRebalanceDelayMilliseconds
        settings.groups.minimumSessionMilliseconds = Int32(groupMinimumSessionMilliseconds)
        settings.groups.offsetRetentionMilliseconds = Int64(offsetRetentionMinutes) * 60_000
        for (node, address) in kafkaNodes {
            settings.endpoints[node] = KafkaEndpoint(host: address.host, port: Int32(address.port))
        }
        return settings
    }
}
