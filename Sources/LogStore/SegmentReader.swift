import Bytes
import Ports

/// Reads the commands of a segment one after the other with blocking calls, of each as much as is asked for: to make an
/// index of them.
package struct SegmentReader {
    package struct Command {
        package let index: UInt64
        package let payloadLength: Int
        let payloadOffset: UInt64
    }

    private static let windowSize = 16 << 10

    private let segment: StoredSegment
    private let verifiesPayloads: Bool
    private let file: DiskFile
    private var window: FileWindow
    private var position = 0
    /// The entry that was looked at last; where reading has failed, the one to blame.
    package var index: UInt64 { segment.first + UInt64(max(position, 1)) - 1 }

    /// `verifiesPayloads` costs a read of the whole segment.
    package init(_ disk: any Disk, _ segment: StoredSegment, verifiesPayloads: Bool) throws(DiskFailure) {
        self.segment = segment
        self.verifiesPayloads = verifiesPayloads
        file = try disk.open(segment.path, .readOnly)
        do throws(DiskFailure) {
            window = try FileWindow(disk, file, windowSize: verifiesPayloads ? 1 << 20 : Self.windowSize)
        } catch {
            disk.close(file)
            throw error
        }
    }

    package func close() { window.disk.close(file) }

    /// The next command entry; nil at the end. Fails with `EBADMSG` at the first entry that is not as it was written.
    package mutating func next() throws(DiskFailure) -> Command? {
        while position < segment.slots.count {
            let index = segment.first + UInt64(position)
            let slot = segment.slots[segment.slots.startIndex + position]
            position += 1
            guard slot.isPlaced, let bytes = try window.bytes(at: slot.headerOffset, count: EntryHeader.size),
                let header = EntryHeader.decode(bytes), header.index == index, header.chain == slot.chain,
                header.payloadLength == Int(slot.payloadLength)
            else { throw .badContents(segment.path, "entry \(index) is damaged") }
            let offset = slot.headerOffset + UInt64(EntryHeader.size)
            if verifiesPayloads {
                guard try window.checksum(at: offset, count: header.payloadLength) == header.payloadChecksum else {
                    throw .badContents(segment.path, "payload of entry \(index) is damaged")
                }
            }
            if header.kind.isCommand {
                return Command(index: index, payloadLength: header.payloadLength, payloadOffset: offset)
            }
        }
        return nil
    }

    /// The first `count` bytes of the payload, or all if there are fewer.
    package mutating func prefix(_ count: Int, of command: Command) throws(DiskFailure) -> ByteSlice {
        let wanted = min(count, command.payloadLength)
        guard let bytes = try window.bytes(at: command.payloadOffset, count: wanted) else {
            throw .badContents(segment.path, "entry \(command.index) is cut short")
        }
        return bytes
    }
}
