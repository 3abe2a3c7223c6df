"""The user-space network: a process that carries every connection between nodes, and between clients and nodes.

It listens for each pair of nodes and for each node's clients, and passes bytes on as its rules say. Rules and orders
are JSON lines on standard input; each is answered by a line with how many times a rule has acted. Who a client is shows
in the client id of its first request.
"""

import asyncio
import json
import os
import random
import struct
import sys
import time

CHUNK = 64 << 10
QUEUED_CHUNKS = 64
LONGEST_FRAME = 80 << 20
SWAP_PATIENCE = 0.05


class Rules:
    """What stands now. Pairs are "source>destination"."""

    def __init__(self):
        self.cuts, self.delays = set(), {}
        self.swap = 0.0
        self.acted = 0
        self.changed = asyncio.Event()

    def set(self, cuts, delays, swap):
        self.cuts, self.delays, self.swap = set(cuts), dict(delays), swap
        self.changed.set()
        self.changed = asyncio.Event()

    def delay(self, pair):
        if pair not in self.delays:
            return 0.0
        self.acted += 1
        return random.uniform(*self.delays[pair])

    async def wait_open(self, pair):
        if pair in self.cuts:
            self.acted += 1
        while pair in self.cuts:
            await self.changed.wait()


class Link:
    """One connection: two sockets and a pump in each direction."""

    def __init__(self, rules, near, far):
        self.rules, self.near, self.far = rules, near, far
        self.writers = []
        self.silent = False
        self.woken = asyncio.Event()

    @property
    def places(self):
        return {self.near, self.far}

    async def carry(self, near_reader, near_writer, far_port, first):
        """Connects and pumps until either side closes. `first` has been read from the near side already."""
        self.writers = [near_writer]
        try:
            await self.rules.wait_open(f"{self.near}>{self.far}")
            await self.rules.wait_open(f"{self.far}>{self.near}")
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", far_port)
            self.writers.append(far_writer)
            pumps = [asyncio.ensure_future(self._pump(near_reader, far_writer, f"{self.near}>{self.far}", first)),
                     asyncio.ensure_future(self._pump(far_reader, near_writer, f"{self.far}>{self.near}", b""))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            if self.silent:
                # Half open: the near side is not told, and nobody answers it.
                await self.woken.wait()
        finally:
            self.abort()

    async def _pump(self, reader, writer, pair, first):
        """Bytes wait in a queue until their time has come, in their order."""
        queue = asyncio.Queue(QUEUED_CHUNKS)
        sender = asyncio.ensure_future(self._send(queue, writer, pair))
        try:
            frames = Frames(reader, first, between_nodes=self.near.startswith("n"))
            while not sender.done():
                chunks = await frames.next(self.rules)
                if not chunks:
                    break
                for chunk in chunks:
                    await queue.put((time.monotonic() + self.rules.delay(pair), chunk))
            await queue.put((0, b""))
            await sender
        except OSError:
            # A side that closed; the other one is closed with it.
            return
        finally:
            sender.cancel()

    async def _send(self, queue, writer, pair):
        while True:
            due, chunk = await queue.get()
            if not chunk:
                return
            while (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await self.rules.wait_open(pair)
            writer.write(chunk)
            await writer.drain()

    def abort(self):
        self.woken.set()
        for writer in self.writers:
            writer.transport.abort()

    def fall_silent(self):
        """Closes the far side only."""
        self.silent = True
        for writer in self.writers[1:]:
            writer.transport.abort()


class Frames:
    """A byte stream in pieces: whole frames, two of which may change places, while frames are to be swapped."""

    def __init__(self, reader, first, between_nodes):
        self.reader, self.buffer = reader, bytearray(first)
        # What is in no frames is passed on as it comes; so is what clients say, whose protocol needs its order.
        self.broken = not between_nodes
        # Bytes of the frame that an earlier piece has begun.
        self.rest = 0

    async def next(self, rules):
        """The next pieces to pass on; none at the end of the stream."""
        if not self.buffer:
            self.buffer += await self.reader.read(CHUNK)
            if not self.buffer:
                return []
        if self.broken:
            return [self._take(len(self.buffer))]
        if self.rest:
            piece = self._take(min(self.rest, len(self.buffer)))
            self.rest -= len(piece)
            return [piece]
        if rules.swap <= 0:
            return [self._account(self._take(len(self.buffer)))]
        first = await self._frame()
        if first is None or random.random() >= rules.swap:
            return [first] if first else [self._take(len(self.buffer))] if self.buffer else []
        try:
            second = await asyncio.wait_for(self._frame(), SWAP_PATIENCE)
        except asyncio.TimeoutError:
            second = None
        if second is None:
            return [first]
        rules.acted += 1
        return [second, first]

    def _take(self, count):
        piece = bytes(self.buffer[:count])
        del self.buffer[:count]
        return piece

    def _account(self, piece):
        """Notes how much of the last frame in `piece` is still to come: swapping can begin at a frame's start only."""
        at = 0
        while at < len(piece):
            if at + 4 > len(piece):
                # The length itself is cut in two: give it back.
                self.buffer[:0] = piece[at:]
                if at == 0:
                    self.broken = True
                    return self._take(len(self.buffer))
                return piece[:at]
            length = struct.unpack_from(">i", piece, at)[0]
            if not 0 <= length <= LONGEST_FRAME:
                self.broken = True
                return piece
            at += 4 + length
        self.rest = at - len(piece)
        return piece

    async def _frame(self):
        """One whole frame, or None at the end or when this is no framed stream. Cancelling it loses nothing."""
        while True:
            if len(self.buffer) >= 4:
                length = struct.unpack_from(">i", self.buffer)[0]
                if not 0 <= length <= LONGEST_FRAME:
                    self.broken = True
                    return None
                if len(self.buffer) >= 4 + length:
                    return self._take(4 + length)
            more = await self.reader.read(CHUNK)
            if not more:
                self.broken = True
                return None
            self.buffer += more


class Proxy:
    def __init__(self):
        self.rules = Rules()
        self.links = set()

    async def listen(self, near, far, port):
        """Starts a listener for connections from `near` (None: a client, who says who it is); its port."""
        async def accept(reader, writer):
            await self._accept(reader, writer, near, far, port)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer, near, far, port):
        link = None
        try:
            first = b"" if near else await client_request(reader)
            link = Link(self.rules, near or client_place(first), far)
            self.links.add(link)
            await link.carry(reader, writer, port, first)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            self.links.discard(link)

    def between(self, pairs):
        wanted = [set(pair.split(">")) for pair in pairs]
        return [link for link in self.links if link.places in wanted]

    async def obey(self, order):
        if order["do"] == "listen":
            return {"port": await self.listen(order["near"], order["far"], order["port"])}
        if order["do"] == "rules":
            self.rules.set(order["cuts"], order["delays"], order["swap"])
        elif order["do"] == "reset":
            for link in self.between(order["pairs"]):
                self.rules.acted += 1
                link.abort()
        elif order["do"] == "silence":
            for link in self.between(order["pairs"]):
                self.rules.acted += 1
                link.fall_silent()
        elif order["do"] == "wake":
            for link in [link for link in self.links if link.silent]:
                link.abort()
        acted, self.rules.acted = self.rules.acted, 0
        return {"acted": acted}


async def client_request(reader):
    """The first request of a Kafka client, its length in front."""
    head = await reader.readexactly(4)
    length = struct.unpack(">i", head)[0]
    if not 0 <= length <= LONGEST_FRAME:
        raise OSError("no Kafka request")
    return head + await reader.readexactly(length)


def client_place(request):
    """The client id in a request's header: length i32, key i16, version i16, correlation i32, then a string."""
    if len(request) < 14:
        return "?"
    length = struct.unpack_from(">h", request, 12)[0]
    return request[14:14 + max(length, 0)].decode(errors="replace") or "?"


async def main():
    proxy = Proxy()
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        print(json.dumps(await proxy.obey(json.loads(line))), flush=True)
    # Links that still stand are not worth an orderly end.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
