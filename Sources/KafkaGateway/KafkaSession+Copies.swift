import KafkaWire
import Node

/// Produce responses that wait for more copies than a majority's (`min.insync.replicas`). Their entries are committed
/// without regard to that, and stay so whatever the producer is told.
extension KafkaSession {
    var awaitsCopies: Bool { responses.copyCount > 0 }

    func isOpen(_ gate: ResponseQueue.Gate) -> Bool {
        gate.index <= appliedIndex && (gate.copies == 0 || replica.hasCopies(gate.copies, of: gate.index))
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
