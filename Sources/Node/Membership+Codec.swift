import Bytes
import Raft

/// Voter count u16, voters u32 each, learner count u16, learners u32 each.
extension Membership {
    init(reading reader: inout ByteReader) throws(DecodeError) {
        let voters = try Self.members(&reader)
        self.init(voters: voters, learners: try Self.members(&reader))
    }

    private static func members(_ reader: inout ByteReader) throws(DecodeError) -> [MemberID] {
        let count = Int(try reader.uint16())
        try reader.requireElements(count, minimumSize: 4)
        var members: [MemberID] = []
        for _ in 0..<count { members.append(try reader.uint32()) }
        return members
    }

    func encode(into writer: inout ByteWriter) {
        for list in [voters, learners] {
            writer.uint16(UInt16(list.count))
            for member in list { writer.uint32(member) }
        }
    }
}
