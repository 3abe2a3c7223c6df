"""A little Kafka protocol, by hand: enough to send a broker what no client library would. Standard library only.

Only versions without compact fields are used, so a response is read with four functions. Numbers are big-endian.
"""

import socket
import struct
import time

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS = 0, 1, 2, 3, 18
CREATE_TOPICS, INIT_PRODUCER_ID, OFFSET_FOR_LEADER_EPOCH = 19, 22, 23

NO_ERROR = 0
OFFSET_OUT_OF_RANGE = 1
CORRUPT_MESSAGE = 2
UNKNOWN_TOPIC_OR_PARTITION = 3
LEADER_NOT_AVAILABLE = 5
NOT_LEADER_OR_FOLLOWER = 6
REQUEST_TIMED_OUT = 7
MESSAGE_TOO_LARGE = 10
NOT_ENOUGH_REPLICAS = 19
NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20
UNSUPPORTED_VERSION = 35
TOPIC_ALREADY_EXISTS = 36
NOT_CONTROLLER = 41
OUT_OF_ORDER_SEQUENCE = 45
INVALID_RECORD = 87

RETRIABLE = {LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS,
             NOT_ENOUGH_REPLICAS_AFTER_APPEND}


class WireError(Exception):
    """The broker answered with something that is not the protocol, or not at all."""


class Closed(WireError):
    """The broker closed the connection."""


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(value):
    zigzag = (value << 1) ^ (value >> 63)
    out = bytearray()
    while zigzag >= 0x80:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def record(index, value, key=None):
    body = b"\0" + varint(0) + varint(index)
    body += varint(-1) if key is None else varint(len(key)) + key
    body += varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(values, producer_id=-1, epoch=-1, sequence=-1, timestamp=None, attributes=0):
    """An uncompressed record batch (magic 2) as a producer sends it."""
    timestamp = int(time.time() * 1000) if timestamp is None else timestamp
    records = b"".join(record(i, value) for i, value in enumerate(values))
    tail = struct.pack(">hiqqqhii", attributes, len(values) - 1, timestamp, timestamp, producer_id, epoch, sequence,
                       len(values)) + records
    return struct.pack(">qiibI", 0, len(tail) + 9, -1, 2, crc32c(tail)) + tail


def produce_body(topic, partition, records, acks=-1, timeout_ms=10000):
    """Produce, version 3 to 8."""
    return (struct.pack(">hhi", -1, acks, timeout_ms) + struct.pack(">i", 1) + string(topic)
            + struct.pack(">iii", 1, partition, len(records)) + records)


def fetch_body(topic, partition, offset, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20):
    """Fetch, version 4."""
    return (struct.pack(">iiiib", -1, max_wait_ms, min_bytes, 1 << 26, 0) + struct.pack(">i", 1) + string(topic)
            + struct.pack(">iiqi", 1, partition, offset, max_bytes))


class Reader:
    """Reads a response body front to back."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, layout):
        values = struct.unpack_from(">" + layout, self.data, self.at)
        self.at += struct.calcsize(">" + layout)
        return values[0] if len(values) == 1 else values

    def string(self):
        length = self.take("h")
        return None if length < 0 else self.raw(length).decode()

    def bytes(self):
        length = self.take("i")
        return b"" if length < 0 else self.raw(length)

    def raw(self, count):
        if count > len(self.data) - self.at:
            raise WireError(f"{count} bytes announced, {len(self.data) - self.at} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def array(self, read):
        return [read() for _ in range(self.take("i"))]


class Connection:
    """One TCP connection to one node."""

    def __init__(self, port, host="127.0.0.1", seconds=10):
        self.socket = socket.create_connection((host, port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def frame(self, key, version, body):
        """A request with its length prefix, under the next correlation id."""
        self.correlation += 1
        header = struct.pack(">hhi", key, version, self.correlation) + string("test")
        return struct.pack(">i", len(header) + len(body)) + header + body

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The body of the next response, its correlation id checked."""
        length = struct.unpack(">i", self._exactly(4))[0]
        if not 4 <= length <= 1 << 28:
            raise WireError(f"a response of {length} bytes")
        reader = Reader(self._exactly(length))
        correlation = reader.take("i")
        if correlation != self.correlation:
            raise WireError(f"answer to request {correlation} where {self.correlation} was asked")
        return reader

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionError as error:
                raise Closed(str(error)) from error
            if not piece:
                raise Closed(f"closed after {len(data)} of {count} bytes")
            data += piece
        return bytes(data)

    def ask(self, key, version, body=b""):
        self.send(self.frame(key, version, body))
        return self.receive()

    def wait_closed(self):
        """Reads until the broker closes; what came before that. A timeout of the socket ends it with an error."""
        data = bytearray()
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionError:
                return bytes(data)
            if not piece:
                return bytes(data)
            data += piece

    def api_versions(self):
        """{api key: (lowest, highest version)}, from version 0."""
        reader = self.ask(API_VERSIONS, 0)
        error = reader.take("h")
        if error:
            raise WireError(f"ApiVersions was answered with error {error}")
        return {key: (low, high) for key, low, high in reader.array(lambda: reader.take("hhh"))}

    def metadata(self, topics=None):
        """Version 4, no auto-creation: {"brokers": {id: port}, "controller": id, "topics": {name: (error,
        {partition: (error, leader)})}}."""
        body = struct.pack(">i", -1) if topics is None else (
            struct.pack(">i", len(topics)) + b"".join(string(topic) for topic in topics))
        reader = self.ask(METADATA, 4, body + b"\0")
        reader.take("i")

        def broker():
            number, _, port, _ = reader.take("i"), reader.string(), reader.take("i"), reader.string()
            return number, port

        def partition():
            error, index, leader = reader.take("hii")
            reader.array(lambda: reader.take("i"))
            reader.array(lambda: reader.take("i"))
            return index, (error, leader)

        def topic():
            error, name, _ = reader.take("h"), reader.string(), reader.take("b")
            return name, (error, dict(reader.array(partition)))

        brokers = dict(reader.array(broker))
        reader.string()
        controller = reader.take("i")
        return {"brokers": brokers, "controller": controller, "topics": dict(reader.array(topic))}

    def create_topic(self, name, partitions, replication=-1, timeout_ms=15000):
        """The error code of CreateTopics, version 2."""
        body = (struct.pack(">i", 1) + string(name) + struct.pack(">ihii", partitions, replication, 0, 0)
                + struct.pack(">i", timeout_ms) + b"\0")
        reader = self.ask(CREATE_TOPICS, 2, body)
        reader.take("ii")
        reader.string()
        return reader.take("h")

    def produce(self, topic, partition, records, acks=-1, timeout_ms=10000, version=7):
        """(error code, base offset)."""
        reader = self.ask(PRODUCE, version, produce_body(topic, partition, records, acks, timeout_ms))
        return read_produce(reader)

    def fetch(self, topic, partition, offset, **limits):
        """(error code, high watermark, bytes of the batches)."""
        reader = self.ask(FETCH, 4, fetch_body(topic, partition, offset, **limits))
        reader.take("ii")
        reader.string()
        reader.take("i")
        _, error, high_watermark, _ = reader.take("ihqq")
        reader.array(lambda: reader.take("qq"))
        return error, high_watermark, reader.bytes()

    def list_offset(self, topic, partition, timestamp):
        """(error code, timestamp, offset) for a time, -1 for the end, -2 for the start. Version 1."""
        reader = self.ask(LIST_OFFSETS, 1, struct.pack(">ii", -1, 1) + string(topic)
                          + struct.pack(">iiq", 1, partition, timestamp))
        reader.take("i")
        reader.string()
        reader.take("ii")
        return reader.take("hqq")

    def init_producer_id(self):
        """(error code, producer id, epoch). Version 0."""
        reader = self.ask(INIT_PRODUCER_ID, 0, struct.pack(">hi", -1, 60000))
        reader.take("i")
        return reader.take("hqh")

    def offset_for_leader_epoch(self, topic, partition, epoch):
        """(error code, epoch, end offset). Version 2."""
        reader = self.ask(OFFSET_FOR_LEADER_EPOCH, 2, struct.pack(">i", 1) + string(topic)
                          + struct.pack(">iiii", 1, partition, -1, epoch))
        reader.take("ii")
        reader.string()
        reader.take("i")
        error, _, leader_epoch, end = reader.take("hiiq")
        return error, leader_epoch, end


def read_produce(reader):
    """(error code, base offset) of a one-partition Produce response, version 2 to 7."""
    reader.take("i")
    reader.string()
    reader.take("i")
    _, error, base = reader.take("ihq")
    return error, base


def batches(data):
    """(base offset, leader epoch, record count) of each whole batch in fetched bytes."""
    found, at = [], 0
    while len(data) - at >= 61:
        base, length, epoch = struct.unpack_from(">qii", data, at)
        if len(data) - at < length + 12:
            break
        found.append((base, epoch, struct.unpack_from(">i", data, at + 57)[0]))
        at += length + 12
    return found


def until(deadline_seconds, what, attempt):
    """The first result of `attempt()` that is not None; WireError with the last failure when the time is up."""
    deadline = time.monotonic() + deadline_seconds
    last = "no attempt was made"
    while True:
        try:
            result = attempt()
            if result is not None:
                return result
            last = "not yet"
        except (OSError, WireError) as error:
            last = repr(error)
        if time.monotonic() >= deadline:
            raise WireError(f"{what} did not happen within {deadline_seconds} s; last: {last}")
        time.sleep(0.02)


def leader_port(ports, topic, partition=0, seconds=20):
    """The Kafka port of the partition's leader, asked of whichever node answers; somebody listens there.

    A node that has not yet noticed the leader's death still names it.
    """
    def attempt():
        for port in ports:
            try:
                with Connection(port, seconds=5) as connection:
                    seen = connection.metadata([topic])
            except (OSError, WireError):
                continue
            error, leader = seen["topics"][topic][1].get(partition, (LEADER_NOT_AVAILABLE, -1))
            if error == NO_ERROR and leader in seen["brokers"]:
                Connection(seen["brokers"][leader], seconds=5).close()
                return seen["brokers"][leader]
        return None

    return until(seconds, f"a leader for {topic}-{partition}", attempt)


def produce_to_leader(ports, topic, partition, records, seconds=20):
    """(error code, base offset), after the retries that a retriable error asks for."""
    def attempt():
        with Connection(leader_port(ports, topic, partition, seconds)) as connection:
            answer = connection.produce(topic, partition, records)
        return None if answer[0] in RETRIABLE else answer

    return until(seconds, f"an answer of {topic}-{partition} that is not retriable", attempt)


def create_topic(ports, name, partitions, seconds=20):
    """Creates a topic, whichever node is the controller, and waits until each partition has a leader."""
    def attempt():
        for port in ports:
            with Connection(port, seconds=5) as connection:
                error = connection.create_topic(name, partitions)
            if error in (NO_ERROR, TOPIC_ALREADY_EXISTS):
                return True
            if error not in RETRIABLE and error != NOT_CONTROLLER:
                raise ValueError(f"creating topic {name} was answered with error {error}")
        return None

    until(seconds, f"creating topic {name}", attempt)
    for partition in range(partitions):
        leader_port(ports, name, partition, seconds)
