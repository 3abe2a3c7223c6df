import Bytes
import KafkaGateway
import Node
import Ports
import Raft
import SystemIO

extension HoldfastServer {
    /// Prometheus text format 0.0.4.
    var metricsText: String {
        var page = MetricsPage()
        let status = node.status
        for role in [Role.follower, .preCandidate, .candidate, .leader] {
            page.gauge(
                "holdfast_role", "1 for the role this node has", status.role == role ? 1 : 0,
                labels: "role=\"\(role)\"")
        }
        page.gauge("holdfast_term", "current Raft term", status.term)
        page.gauge("holdfast_leader", "node id of the leader, 0 if unknown", status.leader?.rawValue ?? 0)
        page.gauge("holdfast_ready", "1 when the node can serve", status.isReady ? 1 : 0)
        page.gauge(
            "holdfast_rejoining", "1 while the node may lack what it had before its machine crashed",
            status.isRejoining ? 1 : 0)
        page.counter(
            "holdfast_relaxed_entries_total", "entries written whose acknowledgement did not wait for fsync",
            node.replica.metrics.relaxedEntries)
        page.gauge("holdfast_last_index", "last entry of the log", status.lastIndex)
        page.gauge("holdfast_flushed_index", "last entry fsynced here", status.flushedIndex)
        page.gauge("holdfast_commit_index", "last entry known to be committed", status.commitIndex)
        page.gauge("holdfast_applied_index", "last entry applied", status.appliedIndex)
        for follower in status.followers {
            let lag = status.lastIndex - min(follower.matchedIndex, status.lastIndex)
            page.gauge(
                "holdfast_follower_lag_entries", "entries a follower has not fsynced", lag,
                labels: "node=\"\(follower.node)\"")
        }
        diskMetrics(into: &page)
        spaceMetrics(status, into: &page)
        nodeMetrics(into: &page)
        kafkaMetrics(into: &page)
        groupMetrics(into: &page)
        page.gauge("holdfast_resident_bytes", "resident memory", ProcessMetrics.residentBytes ?? 0)
        page.gauge("holdfast_open_descriptors", "open file descriptors", ProcessMetrics.openDescriptors ?? 0)
        return page.text
    }

    private func diskMetrics(into page: inout MetricsPage) {
        let disk = queue.metrics
        page.histogram("holdfast_fsync_seconds", "duration of fdatasync", disk.syncNanoseconds.snapshot(), unit: 1e9)
        page.histogram("holdfast_write_bytes", "bytes of one gathered write", disk.writeBytes.snapshot(), unit: 1)
        page.counter(
            "holdfast_direct_writes_total", "writes that went past the page cache",
            disk.directWrites.load(ordering: .relaxed))
        page.histogram(
            "holdfast_commit_group_batches", "batches made durable by one fsync", disk.batchesPerBurst.snapshot(),
            unit: 1)
        page.histogram(
            "holdfast_commit_seconds", "from an entry's proposal to its application on the leader",
            commitNanoseconds.snapshot(), unit: 1e9)
    }

    private func spaceMetrics(_ status: NodeStatus, into page: inout MetricsPage) {
        page.gauge(
            "holdfast_intake_stopped", "1 on a leader that takes no records for want of room",
            status.isIntakeStopped ? 1 : 0)
        guard let disk = status.diskSpace else { return }
        page.gauge("holdfast_disk_low", "1 when less is free than min-free-bytes", disk.isLow ? 1 : 0)
        page.gauge("holdfast_disk_free_bytes", "room on the disk of the data directory", disk.space.free)
        page.gauge("holdfast_disk_total_bytes", "size of that disk", disk.space.total)
        page.gauge("holdfast_disk_minimum_bytes", "the setting min-free-bytes", configuration.minimumFreeBytes)
    }

    private func nodeMetrics(into page: inout MetricsPage) {
        let replica = node.replica.metrics
        page.counter("holdfast_proposed_entries_total", "entries proposed as leader", replica.proposedEntries)
        page.counter("holdfast_proposed_bytes_total", "payload bytes proposed as leader", replica.proposedBytes)
        page.counter("holdfast_applied_entries_total", "entries applied", replica.appliedEntries)
        page.counter("holdfast_cold_reads_total", "reads of entries no longer in memory", replica.coldReads)
        page.counter("holdfast_damaged_entries_total", "entries found damaged while running", replica.damagedEntries)
        page.counter("holdfast_repaired_entries_total", "entries replaced by a peer's copy", replica.repairedEntries)
        page.counter("holdfast_scrubbed_entries_total", "entries checked in the background", replica.scrubbedEntries)
        page.counter(
            "holdfast_verified_bytes_total", "bytes of entries checked before they were sent", replica.verifiedBytes)
        page.counter("holdfast_rewritten_files_total", "damaged files written again", replica.rewrittenFiles)
        page.counter("holdfast_indexes_written_total", "indexes of sealed segments written", replica.indexesWritten)
        page.counter("holdfast_index_lookups_total", "reads of an index file", replica.indexLookUps)
        page.counter("holdfast_snapshots_written_total", "state snapshots written", replica.snapshotsWritten)
        page.counter("holdfast_outcome_queries_total", "records asked after by producer", replica.outcomeQueries)
        page.counter("holdfast_role_changes_total", "changes of role or leader", replica.roleChanges)
        page.counter("holdfast_rejected_peer_frames_total", "undecodable frames from peers", node.rejectedFrames)
        page.gauge("holdfast_connected_peers", "links to other nodes that are up", node.connectedPeers.count)
    }

    private func kafkaMetrics(into page: inout MetricsPage) {
        let kafka = gateway.metrics
        page.gauge("holdfast_kafka_connections", "open Kafka connections", gateway.sessionCount)
        page.counter("holdfast_kafka_requests_total", "requests received", kafka.requests)
        for (key, count) in kafka.requestsByAPI {
            page.counter(
                "holdfast_kafka_api_requests_total", "requests that decode, by API", count, labels: "api=\"\(key)\"")
        }
        page.counter("holdfast_kafka_malformed_requests_total", "requests that do not decode", kafka.malformedRequests)
        page.counter("holdfast_kafka_produced_bytes_total", "record bytes offered", kafka.producedBytes)
        page.counter("holdfast_kafka_produced_batches_total", "produce fields accepted", kafka.producedBatches)
        page.counter("holdfast_kafka_produce_errors_total", "produce fields refused", kafka.produceErrors)
        page.counter(
            "holdfast_kafka_refused_for_space_total", "produce fields refused because disks are low on space",
            kafka.refusedForSpace)
        page.counter("holdfast_kafka_upgraded_acks_total", "acks=1 requests upgraded to quorum", kafka.upgradedAcks)
        page.counter(
            "holdfast_kafka_leader_acks_total", "acks=1 requests answered by the leader's disk alone", kafka.leaderAcks)
        page.counter(
            "holdfast_kafka_pattern_failures_total", "topics a subscribed pattern could not be compared with in time",
            kafka.patternFailures)
        page.counter(
            "holdfast_kafka_not_enough_replicas_total", "produce fields refused for want of nodes in touch",
            kafka.notEnoughReplicas)
        page.counter(
            "holdfast_kafka_not_enough_replicas_after_append_total",
            "produce fields stored on a majority and on fewer nodes than asked for", kafka.notEnoughReplicasAfterAppend)
        if node.replica.isLeader {
            let inTouch = node.replica.votersInTouch
            page.gauge("holdfast_voters_in_touch", "voters that answer the leader, itself included", inTouch)
            page.gauge(
                "holdfast_topics_under_min_isr", "topics that take no acks=all now for want of nodes in touch",
                node.replica.broker.topics.count {
                    node.replica.copiesBeyondMajority($0.settings.minimumInsyncReplicas) > inTouch
                })
        }
        page.gauge(
            "holdfast_open_transactions", "transactions begun and not ended",
            node.replica.broker.ongoingTransactions.count)
        page.counter(
            "holdfast_committed_transactions_total", "transactions committed by this node as the leader",
            kafka.committedTransactions)
        page.counter(
            "holdfast_aborted_transactions_total", "transactions aborted by this node as the leader",
            kafka.abortedTransactions)
        page.counter(
            "holdfast_timed_out_transactions_total", "of the aborted, those open for longer than their timeout",
            kafka.timedOutTransactions)
        page.gauge("holdfast_quotas", "entities with quotas", node.replica.broker.quotas.entries.count)
        page.counter("holdfast_kafka_throttled_requests_total", "requests over a quota", kafka.throttledRequests)
        page.counter(
            "holdfast_kafka_throttle_milliseconds_total", "how long connections were muted for quotas",
            kafka.throttleMilliseconds)
        page.counter("holdfast_kafka_fetched_bytes_total", "record bytes sent", kafka.fetchedBytes)
        page.counter(
            "holdfast_kafka_forwarded_requests_total", "requests passed on to the leader",
            kafka.forwardedRequests)
    }
}

/// Builds the text; HELP and TYPE come once per name.
struct MetricsPage {
    private(set) var text = ""
    private var described = ""

    mutating func gauge(_ name: String, _ help: String, _ value: some BinaryInteger, labels: String = "") {
        line(name, "gauge", help, "\(value)", labels)
    }

    mutating func counter(_ name: String, _ help: String, _ value: UInt64, labels: String = "") {
        line(name, "counter", help, "\(value)", labels)
    }

    /// Cumulative buckets at powers of two; `unit` is what a recorded value is divided by.
    mutating func histogram(_ name: String, _ help: String, _ snapshot: HistogramSnapshot, unit: Double) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        var seen: UInt64 = 0
        for (index, count) in snapshot.buckets.enumerated() {
            seen += count
            if index % 8 == 7 {
                text += "\(name)_bucket{le=\"\(Double(HistogramSnapshot.upperBound(index)) / unit)\"} \(seen)\n"
            }
        }
        text += "\(name)_bucket{le=\"+Inf\"} \(snapshot.count)\n"
        text += "\(name)_sum \(Double(snapshot.sum) / unit)\n\(name)_count \(snapshot.count)\n"
    }

    private mutating func line(_ name: String, _ type: String, _ help: String, _ value: String, _ labels: String) {
        if described != name { text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n" }
        described = name
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
}
