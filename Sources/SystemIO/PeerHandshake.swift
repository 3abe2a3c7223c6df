import Bytes
import Ports

/// The first frames on a link between nodes. The dialling side sends `hello`; the other side answers `welcome` and the
/// link is up, or `refusal` and closes.
///
/// Layout, big-endian: magic "HFPL", kind (1 byte), version (2); then for hello and welcome the cluster id (16), the
/// sender's node id (4) and the id of the node it wants to talk to (4), for a refusal a text (2-byte length,
/// UTF-8). Magic, kind and version stay where they are in every future version.
enum PeerHandshake: Equatable {
    case hello(PeerIdentity)
    case welcome(PeerIdentity)
    case refusal(String)

    /// Whom the sender claims to be, and to whom it thinks it speaks.
    struct PeerIdentity: Equatable {
        let clusterID: ByteSlice
        let sender: NodeID
        let receiver: NodeID
    }

    /// Why a handshake frame was not understood.
    enum Problem: Error, Equatable {
        /// Not a node of ours at all: no answer is owed.
        case notOurProtocol
        case version(UInt16)
        case malformed(DecodeError)
    }

    static let version: UInt16 = 5
    static let magic: UInt32 = 0x4846_504c
    static let clusterIDSize = 16
    /// No handshake frame is longer.
    static let maximumFrame = 1024
    private static let maximumText = 512

    func encode(version: UInt16 = PeerHandshake.version) -> ByteSlice {
        var writer = ByteWriter(capacity: 64)
        writer.uint32(Self.magic)
        switch self {
        case .hello(let identity):
            writer.uint8(1)
            writer.uint16(version)
            Self.encode(identity, &writer)
        case .welcome(let identity):
            writer.uint8(2)
            writer.uint16(version)
            Self.encode(identity, &writer)
        case .refusal(let text):
            writer.uint8(3)
            writer.uint16(version)
            let bytes = Array(text.utf8.prefix(Self.maximumText))
            writer.uint16(UInt16(bytes.count))
            writer.bytes(bytes)
        }
        return writer.finish()
    }

    private static func encode(_ identity: PeerIdentity, _ writer: inout ByteWriter) {
        writer.bytes(identity.clusterID)
        writer.uint32(identity.sender.rawValue)
        writer.uint32(identity.receiver.rawValue)
    }

    static func decode(_ frame: ByteSlice) throws(Problem) -> PeerHandshake {
        var reader = ByteReader(frame)
        let header: Header
        do throws(DecodeError) {
            header = try Header(&reader)
        } catch {
            throw .notOurProtocol
        }
        guard header.magic == magic else { throw .notOurProtocol }
        // A refusal is read whatever its version: it may say that ours is the wrong one.
        guard header.version == version || header.kind == 3 else { throw .version(header.version) }
        do throws(DecodeError) {
            return try decodeBody(header.kind, &reader)
        } catch {
            throw .malformed(error)
        }
    }

    private struct Header {
        let magic: UInt32
        let kind: UInt8
        let version: UInt16

        init(_ reader: inout ByteReader) throws(DecodeError) {
            magic = try reader.uint32()
            kind = try reader.uint8()
            version = try reader.uint16()
        }
    }

    private static func decodeBody(_ kind: UInt8, _ reader: inout ByteReader) throws(DecodeError) -> PeerHandshake {
        if kind == 3 {
            let count = Int(try reader.uint16())
            return .refusal(try reader.bytes(count).text)
        }
        let identity = PeerIdentity(
            clusterID: try reader.bytes(clusterIDSize), sender: NodeID(try reader.uint32()),
            receiver: NodeID(try reader.uint32()))
        try reader.requireEnd()
        switch kind {
        case 1: return .hello(identity)
        case 2: return .welcome(identity)
        default: throw .badValue("handshake kind", Int64(kind))
        }
    }
}
