import Bytes
import CSystem
import Glibc
import Ports

extension Connection: TurnFlushable {
    /// Queues bytes by reference; they leave at the end of the turn. Dropped unless the connection is open.
    package func send(_ bytes: ByteSlice) {
        guard state == .open else { return }
        output.append(.bytes(bytes))
        queueFlush()
    }

    /// Queues `pieces` laid end to end.
    package func send(_ pieces: [ByteSlice]) {
        guard state == .open else { return }
        for piece in pieces { output.append(.bytes(piece)) }
        queueFlush()
    }

    /// Queues `length` bytes of `file` from `offset`, which the reader thread sends without bringing them through this
    /// process's memory. The file stays open until then, whatever happens to `file`.
    package func send(file: DiskFile, offset: UInt64, length: Int) throws(DiskFailure) {
        guard let files else { preconditionFailure("connection \(id) was made without a disk queue") }
        precondition(length >= 0, "file chunk of \(length) bytes")
        let open = try files.disk.openFile(file, "sendfile")
        try open.checkOffset("sendfile", offset, length)
        guard state == .open, length > 0 else { return }
        output.append(.file(FileChunk(file: open, offset: offset, length: length)))
        queueFlush()
    }

    func queueFlush() {
        guard !isFlushQueued, !isBlocked, !readerOwnsSocket else { return }
        isFlushQueued = true
        loop.flushAtTurnEnd(self)
    }

    var flushOrder: FlushOrder { settings.isPeer ? .peers : .clients }

    func flushAtTurnEnd() {
        isFlushQueued = false
        guard state == .open || state == .flushing, !isBlocked, !readerOwnsSocket else { return }
        let hadOutput = !output.isEmpty
        var budget = settings.writeBudget
        while !output.isEmpty {
            let files = output.headFiles()
            if !files.isEmpty { return handOver(files) }
            // Fairness: the rest waits for the next turn, which will not sleep first.
            if budget <= 0 { return queueFlush() }
            let sent = writeGathered()
            guard sent > 0 else { return }
            budget -= sent
        }
        finishFlush(hadOutput: hadOutput)
    }

    private func finishFlush(hadOutput: Bool) {
        if state == .flushing {
            linger()
        } else if hadOutput {
            handler?.connectionDrained(self)
        }
    }

    /// The bytes sent; 0 when the socket takes no more now or the connection has ended.
    private func writeGathered() -> Int {
        let (used, bytes, fileFollows) = output.gather(loop.pieces, capacity: EventLoop.pieceCapacity)
        let sent = holdfast_send(descriptor, loop.pieces, Int32(used), fileFollows ? 1 : 0)
        if sent == -Int(EAGAIN) {
            block()
            return 0
        }
        if sent < 0 {
            close(.failed(SystemError("sending", peer, errno: Int32(-sent))))
            return 0
        }
        countSent(sent)
        output.advance(sent)
        if sent < bytes {
            block()
            return 0
        }
        return sent
    }

    private func block() {
        isBlocked = true
        updateInterest()
    }

    // MARK: File chunks

    private func handOver(_ chunks: [FileChunk]) {
        guard let files else { preconditionFailure("connection \(id) has a file chunk and no disk queue") }
        readerOwnsSocket = true
        files.send(chunks, skipping: output.headWritten, to: descriptor) { self.takeBack($0) }
    }

    private func takeBack(_ result: FileSend.Result) {
        readerOwnsSocket = false
        guard state != .closed else {
            holdfast_close(descriptor)
            return
        }
        countSent(result.sent)
        output.advance(result.sent)
        switch result.outcome {
        case .progressed:
            if output.isEmpty { finishFlush(hadOutput: true) } else { queueFlush() }
        case .blocked: block()
        case .socketFailed(let errno): close(.failed(SystemError("sending", peer, errno: errno)))
        case .fileFailed(let failure): close(.fileFailed(failure))
        }
    }
}
