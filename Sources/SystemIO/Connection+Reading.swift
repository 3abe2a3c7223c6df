import Bytes
import CSystem
import Glibc

extension Connection {
    func readSocket() {
        switch settings.receive {
        case .frames: readFrames()
        case .raw: readRaw()
        }
    }

    private func readFrames() {
        var budget = settings.readBudget
        while budget > 0 {
            let room = assembler.room()
            let count = receive(into: room)
            guard count > 0 else { return }
            assembler.filled(count)
            deliverFrames()
            budget -= count
            // A short read emptied the socket: no need to be told so by another call.
            if state != .open || isReadingPaused || count < room.count { return }
        }
    }

    private func readRaw() {
        var budget = settings.readBudget
        while budget > 0 {
            let room = receiver.room()
            let count = receive(into: room)
            guard count > 0 else { return }
            handler?.connection(self, received: receiver.filled(count))
            budget -= count
            if state != .open || isReadingPaused || count < room.count { return }
        }
    }

    /// The bytes read; 0 when there is nothing to do, after having closed the connection if it has ended.
    private func receive(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = holdfast_receive(descriptor, room.baseAddress, room.count)
        if count > 0 {
            countReceived(count)
            return count
        }
        if count == 0 {
            close(.closedByPeer)
        } else if count != -Int(EAGAIN) {
            close(.failed(SystemError("receiving", peer, errno: Int32(-count))))
        }
        return 0
    }

    func deliverFrames() {
        // A handler that resumes reading inside its own call must not get the next frame before it has returned.
        guard !isDelivering, case .frames = settings.receive else { return }
        isDelivering = true
        defer { isDelivering = false }
        do throws(FrameError) {
            while state == .open, !isReadingPaused, let frame = try assembler.next() {
                handler?.connection(self, received: frame)
            }
        } catch {
            close(.badFrame(error))
        }
    }
}
