import Bytes
import KafkaWire
import Records

extension KafkaRequestBody where Self == ProduceRequest {
    static func one(
        _ records: ByteSlice?, to topic: String, partition: Int32 = 0, acks: Int16 = -1, timeoutMs: Int32 = 5000
    ) -> ProduceRequest {
        var request = ProduceRequest(acks: acks, timeoutMs: timeoutMs)
        request.append(topic: ByteSlice(utf8: topic), partitions: [.init(index: partition, records: records)])
        return request
    }
}

extension KafkaRequestBody where Self == FetchRequest {
    static func one(
        _ topic: String, partition: Int32 = 0, from offset: Int64, maxWaitMs: Int32 = 0, minBytes: Int32 = 1,
        maxBytes: Int32 = 1 << 20, partitionMaxBytes: Int32 = 1 << 20, leaderEpoch: Int32 = -1
    ) -> FetchRequest {
        var request = FetchRequest(maxWaitMs: maxWaitMs, minBytes: minBytes, maxBytes: maxBytes)
        request.append(topic: ByteSlice(utf8: topic), partitions: [
            .init(
                index: partition, currentLeaderEpoch: leaderEpoch, fetchOffset: offset, maxBytes: partitionMaxBytes)
        ])
        return request
    }
}

extension FetchRequest {
    /// By the topic's id, from version 13.
    static func one(id: KafkaUUID, partition: Int32 = 0, from offset: Int64, maxWaitMs: Int32 = 0) -> FetchRequest {
        var request = FetchRequest(maxWaitMs: maxWaitMs, minBytes: 1, maxBytes: 1 << 20)
        request.append(
            topic: .empty, id: id,
            partitions: [.init(index: partition, fetchOffset: offset, maxBytes: 1 << 20)])
        return request
    }
}

extension KafkaRequestBody where Self == ListOffsetsRequest {
    static func one(_ timestamp: Int64, in topic: String, partition: Int32 = 0) -> ListOffsetsRequest {
        ListOffsetsRequest(replicaId: -1, topics: [
            .init(name: topic, partitions: [.init(partitionIndex: partition, timestamp: timestamp)])
        ])
    }
}

extension ByteSlice {
    /// A batch with these values; the record at position n has timestamp `timestamp` + n.
    static func batch(
        _ values: [String], timestamp: Int64 = 1_000, producer: Int64 = -1, epoch: Int16 = -1, sequence: Int32 = -1
    ) -> ByteSlice {
        var builder = RecordBatchBuilder(producerId: producer, producerEpoch: epoch, baseSequence: sequence)
        for (position, value) in values.enumerated() {
            builder.append(key: nil, value: ByteSlice(utf8: value), timestamp: timestamp + Int64(position))
        }
        return builder.finish()
    }

    /// The same bytes with one of them changed.
    func changing(_ position: Int, _ change: (UInt8) -> UInt8) -> ByteSlice {
        var bytes = array
        bytes[position] = change(bytes[position])
        return ByteSlice(bytes)
    }

    /// The batch, its checksum made right again.
    func resealed() -> ByteSlice {
        var writer = ByteWriter()
        writer.bytes(self)
        writer.patch(CRC32C.checksum(dropFirst(21)), at: 17)
        return writer.finish()
    }
}

extension FetchResponse.Partition {
    var bytes: ByteSlice {
        guard case .inline(let slice) = records else { return .empty }
        return slice
    }

    /// Of all batches, with their offsets.
    func allRecords() throws -> [Record] {
        var records: [Record] = []
        var rest = bytes
        while !rest.isEmpty {
            let length = try RecordBatch.framedHeader(rest).totalLength
            try RecordBatch.validateStored(rest.slice(0, length))
            records += try RecordBatch.allRecords(of: rest)
            rest = rest.dropFirst(length)
        }
        return records
    }

    func values() throws -> [String] { try allRecords().map { $0.value?.text ?? "" } }
}
