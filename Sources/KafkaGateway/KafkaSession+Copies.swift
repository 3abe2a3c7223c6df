import Bytes
import KafkaWire
import Node
import Planted
import Records

/// Produce responses that wait for other disks than a majority's: for more (`min.insync.replicas`), where entries are
/// committed without regard to that and stay so whatever the producer is told, or for the leader's alone
/// (`holdfast.acks.leader`), where they may never be.
extension KafkaSession {
    var awaitsDisks: Bool { responses.diskCount > 0 }

    func isOpen(_ gate: ResponseQueue.Gate) -> Bool {
        if gate.index <= appliedIndex { return gate.copies == 0 || replica.hasCopies(gate.copies, of: gate.index) }
        guard gate.isLeaderEnough, replica.hasOwnCopy(of: gate.index) else { return false }
        gateway.metrics.leaderAcks += 1
        return true
    }

    /// Whether a request with acks=1 and these batches, for a topic that allows it, is answered by the leader alone. An
    /// idempotent producer counts on what was acknowledged: what a change of leader loses would leave a gap in its
    /// sequences, which is fatal to it. In Kafka, too, it must ask for acks=all (KIP-98).
    func isLeaderEnough(for records: ByteSlice, ofTopic number: UInt32) -> Bool {
        guard allowsLeaderAcks(ofTopic: number) else { return false }
        do {
            var rest = records
            while !rest.isEmpty {
                let header = try RecordBatch.framedHeader(rest)
                if header.hasProducer { return false }
                rest = rest.dropFirst(header.totalLength)
            }
            return true
        } catch {
            // Admission says what is wrong with them.
            return false
        }
    }

    private func allowsLeaderAcks(ofTopic number: UInt32) -> Bool {
        #if DEBUG
        if Planted.has(.answersLeaderAlone) { return true }
        #endif
        return gateway.broker.allowsLeaderAcks(ofTopic: number)
    }

    /// Tells those whose entry is committed and will not have its copies soon: too few nodes are in touch.
    func failUncopied() {
        let inTouch = replica.votersInTouch
        fail { $0.copies > inTouch ? .notEnoughReplicasAfterAppend : nil }
    }

    /// The response to a request whose entry is committed, when the copies it waited for do not come: topics that ask
    /// for no more than there are have what they were promised.
    func withoutCopies(of index: UInt64, _ response: ProduceResponse) -> ProduceResponse {
        var corrected = ProduceResponse(throttleTimeMs: response.throttleTimeMs)
        for topic in response.topics {
            let minimum = gateway.broker.topicNumber(named: topic.nameText).map(gateway.broker.minimumCopies(ofTopic:))
            let copies = replica.copiesBeyondMajority(minimum ?? 1)
            let isMet = copies == 0 || replica.hasCopies(copies, of: index)
            let partitions = response.partitions[topic.partitions].map { partition in
                isMet || partition.errorCode.isError
                    ? partition : failure(partition.index, .notEnoughReplicasAfterAppend)
            }
            corrected.append(topic: topic.name, partitions: partitions)
        }
        return corrected
    }

    /// Only a leader knows of copies: its successor is to be asked again. Responses whose entry is not committed are
    /// told so by `proposalEnded`.
    func failCopiesUnknown() { fail { _ in .notLeaderOrFollower } }

    private func fail(_ code: (ResponseQueue.Gate) -> KafkaErrorCode?) {
        // What has its copies by now is answered first.
        sendReady()
        responses.failGated({ [appliedIndex] gate in
            gate.copies > 0 && gate.index <= appliedIndex ? code(gate) : nil
        }, failed)
        markDirty()
    }
}
