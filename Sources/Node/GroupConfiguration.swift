import Bytes
import Raft

/// What a configuration entry says: who the members are, and what is known of them.
///
/// Payload: membership (see `Membership.encode`), record count u16, and per record its member u32, incarnation u64, and
/// 0, or 1 and two endpoints, for peers and for Kafka clients: length u8, host in UTF-8, port u16.
package struct GroupConfiguration: Hashable, Sendable {
    package let membership: Membership
    /// Ascending; only of members.
    package let records: [MemberRecord]

    package init(membership: Membership, records: [MemberRecord] = []) {
        self.membership = membership
        self.records = records.filter { membership.contains($0.id) }.sorted { $0.id < $1.id }
    }

    /// An empty one when nothing is known.
    package func record(of member: MemberID) -> MemberRecord {
        records.first { $0.id == member } ?? MemberRecord(id: member)
    }

    /// The records of those who stay, and `record` instead of the one its member had.
    func records(with record: MemberRecord) -> [MemberRecord] {
        records.filter { $0.id != record.id } + [record]
    }
}

extension GroupConfiguration {
    init(reading reader: inout ByteReader) throws(DecodeError) {
        let membership = try Membership(reading: &reader)
        let count = Int(try reader.uint16())
        try reader.requireElements(count, minimumSize: 13)
        var records: [MemberRecord] = []
        for _ in 0..<count {
            let record = try Self.record(&reader)
            guard membership.contains(record.id), records.last.map({ $0.id < record.id }) ?? true else {
                throw .badValue("member record of", Int64(record.id))
            }
            records.append(record)
        }
        self.init(membership: membership, records: records)
    }

    init(decoding payload: [ByteSlice]) throws(DecodeError) {
        guard payload.count == 1 else { throw .badValue("configuration pieces", Int64(payload.count)) }
        var reader = ByteReader(payload[0])
        try self.init(reading: &reader)
        try reader.requireEnd()
    }

    private static func record(_ reader: inout ByteReader) throws(DecodeError) -> MemberRecord {
        var record = MemberRecord(id: try reader.uint32(), incarnation: try reader.uint64())
        let flag = try reader.uint8()
        guard flag <= 1 else { throw .badValue("flag", Int64(flag)) }
        if flag == 1 { record.addresses = MemberAddresses(peer: try endpoint(&reader), kafka: try endpoint(&reader)) }
        return record
    }

    private static func endpoint(_ reader: inout ByteReader) throws(DecodeError) -> Endpoint {
        let host = try reader.text(Int(try reader.uint8()))
        let port = try reader.uint16()
        guard !host.isEmpty, port > 0 else { throw .badValue("endpoint port", Int64(port)) }
        return Endpoint(host: host, port: port)
    }

    func encode(into writer: inout ByteWriter) {
        membership.encode(into: &writer)
        writer.uint16(UInt16(records.count))
        for record in records {
            writer.uint32(record.id)
            writer.uint64(record.incarnation)
            writer.uint8(record.addresses == nil ? 0 : 1)
            guard let addresses = record.addresses else { continue }
            for endpoint in [addresses.peer, addresses.kafka] {
                writer.uint8(UInt8(endpoint.host.utf8.count))
                writer.text(endpoint.host)
                writer.uint16(endpoint.port)
            }
        }
    }

    func encoded() -> ByteSlice {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.finish()
    }
}
