"""What no client should send: a clear error or a closed connection, and the neighbours do not notice."""

import os
import random
import re
import socket
import struct
import subprocess
from contextlib import contextmanager

import pytest

from conftest import kafka_ports
from nodes import wait_until
from wire import (API_VERSIONS, CORRUPT_MESSAGE, FETCH, INVALID_RECORD, MESSAGE_TOO_LARGE, METADATA, NO_ERROR, PRODUCE,
                  UNKNOWN_TOPIC_OR_PARTITION, UNSUPPORTED_VERSION, Closed, Connection, batch, crc32c, leader_port,
                  produce_body, read_produce)

UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
REFUSED_BATCH = {CORRUPT_MESSAGE, INVALID_RECORD}


@contextmanager
def neighbour(cluster, topic):
    """Yields the leader's Kafka port. A connection that was open before goes on working after, and so do new ones;
    nothing was stored in between, and nobody was elected."""
    port = leader_port(kafka_ports(cluster), topic)
    term = cluster.leader().status()["term"]
    with Connection(port) as old:
        error, base = old.produce(topic, 0, batch([b"before"]))
        assert error == NO_ERROR
        yield port
        assert old.produce(topic, 0, batch([b"after"])) == (NO_ERROR, base + 1)
        with Connection(port) as fresh:
            assert fresh.produce(topic, 0, batch([b"fresh"])) == (NO_ERROR, base + 2)
    assert len(cluster.running()) == len(cluster.nodes), "a node ended"
    assert cluster.leader().status()["term"] == term, "an election took place"


@pytest.mark.parametrize("length", [-1, 0, -2**31, 2**31 - 1, 2**30, 3])
def test_frame_length(cluster, topic, length):
    """2 GiB as a signed number is -2^31. The broker must not wait for, nor reserve, what is announced."""
    with neighbour(cluster, topic()) as port, Connection(port) as connection:
        before = [node.resident_kilobytes() for node in cluster.nodes]
        connection.send(struct.pack(">i", length) + b"abc" * 20)
        assert connection.wait_closed() == b""
        grown = [after - was for was, after in zip(before, [node.resident_kilobytes() for node in cluster.nodes])]
        assert max(grown) < 64 * 1024, f"resident memory grew by {grown} KiB"


def test_request_split_at_every_byte(cluster, topic):
    """Each split is two segments on the wire: between them another connection's request is answered."""
    name = topic()
    with neighbour(cluster, topic()) as port, Connection(port) as connection, Connection(port) as other:
        frame = connection.frame(PRODUCE, 7, produce_body(name, 0, batch([b"split"])))
        for number, at in enumerate(range(1, len(frame))):
            frame = connection.frame(PRODUCE, 7, produce_body(name, 0, batch([b"split"])))
            connection.send(frame[:at])
            other.api_versions()
            connection.send(frame[at:])
            assert read_produce(connection.receive()) == (NO_ERROR, number)


def test_request_byte_by_byte(cluster, topic):
    with neighbour(cluster, topic()) as port, Connection(port) as connection:
        for byte in connection.frame(API_VERSIONS, 0, b""):
            connection.send(bytes([byte]))
        assert connection.receive().take("h") == NO_ERROR


def test_many_requests_in_one_segment(cluster, topic):
    name = topic()
    with neighbour(cluster, topic()) as port, Connection(port) as connection:
        frames = [connection.frame(PRODUCE, 7, produce_body(name, 0, batch([b"%d" % i]))) for i in range(200)]
        connection.send(b"".join(frames))
        connection.correlation = 0
        for number in range(200):
            connection.correlation += 1
            assert read_produce(connection.receive()) == (NO_ERROR, number)


def test_half_a_request_and_then_nothing(cluster, topic):
    name = topic()
    with neighbour(cluster, topic()) as port:
        with Connection(port) as connection:
            frame = connection.frame(PRODUCE, 7, produce_body(name, 0, batch([b"half"])))
            connection.send(frame[: len(frame) // 2])
        with Connection(port) as connection:
            assert connection.list_offset(name, 0, -1)[2] == 0


def refused(port, topic, records):
    """The error a batch is answered with, or CORRUPT_MESSAGE when the connection is closed for it; nothing stored."""
    with Connection(port) as connection:
        try:
            error, _ = connection.produce(topic, 0, records)
        except Closed:
            error = CORRUPT_MESSAGE
    with Connection(port) as connection:
        assert connection.list_offset(topic, 0, -1)[2] == 0, "a bad batch was stored"
    return error


def overwrite(data, at, layout, value):
    changed = bytearray(data)
    struct.pack_into(">" + layout, changed, at, value)
    return bytes(changed)


GOOD = batch([b"one", b"two", b"three"])
BAD_BATCHES = {
    "wrong checksum": overwrite(GOOD, 17, "I", 0x12345678),
    "a bit flipped in a record": overwrite(GOOD, len(GOOD) - 3, "B", GOOD[-3] ^ 1),
    "cut short": GOOD[:-5],
    "cut in its header": GOOD[:30],
    "one byte": GOOD[:1],
    "longer than it says": GOOD + b"more",
    "length beyond its end": overwrite(GOOD, 8, "i", len(GOOD) + 1000),
    "length 0": overwrite(GOOD, 8, "i", 0),
    "length -1": overwrite(GOOD, 8, "i", -1),
    "length 2 GiB": overwrite(GOOD, 8, "i", 2**31 - 1),
    "magic 1": overwrite(GOOD, 16, "b", 1),
    "magic 9": overwrite(GOOD, 16, "b", 9),
    "followed by a cut one": GOOD + GOOD[:-5],
}


@pytest.mark.parametrize("kind", BAD_BATCHES)
def test_bad_batch(cluster, topic, kind):
    # An old or unknown format has an error code of its own, which a broker may use.
    allowed = REFUSED_BATCH | ({UNSUPPORTED_FOR_MESSAGE_FORMAT} if "magic" in kind else set())
    with neighbour(cluster, topic()) as port:
        assert refused(port, topic(), BAD_BATCHES[kind]) in allowed


@pytest.mark.parametrize("count", [0, -1, 5, 2**31 - 1])
def test_record_count_that_does_not_match(cluster, topic, count):
    """The checksum is right, the count is a lie: a consumer that trusts it would run off the batch."""
    changed = overwrite(GOOD, 57, "i", count)
    changed = overwrite(changed, 17, "I", crc32c(changed[21:]))
    with neighbour(cluster, topic()) as port:
        assert refused(port, topic(), changed) in REFUSED_BATCH


def test_oversized_record(cluster, topic):
    """max.message.bytes is 1048588, as Kafka's."""
    name = topic()
    with neighbour(cluster, topic()) as port:
        assert refused(port, name, batch([b"x" * 1_100_000])) == MESSAGE_TOO_LARGE
        with Connection(port) as connection:
            assert connection.produce(name, 0, batch([b"x" * 1_000_000])) == (NO_ERROR, 0)


def test_unknown_api_key(cluster, topic):
    with neighbour(cluster, topic()) as port:
        for key in (999, -1, 32767):
            with Connection(port) as connection:
                connection.send(connection.frame(key, 0, b"\0" * 8))
                connection.wait_closed()


def test_unknown_version(cluster, topic):
    name = topic()
    with neighbour(cluster, topic()) as port:
        with Connection(port) as connection:
            reader = connection.ask(API_VERSIONS, 99)
            assert reader.take("h") == UNSUPPORTED_VERSION
            ranges = {key: (low, high) for key, low, high in reader.array(lambda: reader.take("hhh"))}
            assert ranges[API_VERSIONS][0] == 0 and PRODUCE in ranges
            assert connection.api_versions() == ranges, "the connection goes on after error 35"
        for key, version, body in ((PRODUCE, 99, produce_body(name, 0, GOOD)), (FETCH, 0, b"\0" * 40),
                                   (METADATA, -1, b"\0" * 4), (PRODUCE, 2, produce_body(name, 0, GOOD))):
            with Connection(port) as connection:
                connection.send(connection.frame(key, version, body))
                connection.wait_closed()
        with Connection(port) as connection:
            assert connection.list_offset(name, 0, -1)[2] == 0


@pytest.mark.parametrize("count", [-2, 2**31 - 1, 1000])
def test_array_longer_than_its_frame(cluster, topic, count):
    with neighbour(cluster, topic()) as port, Connection(port) as connection:
        connection.send(connection.frame(METADATA, 4, struct.pack(">i", count) + b"\0"))
        connection.wait_closed()


def test_garbage_on_the_kafka_port(cluster, topic):
    noise = random.Random(7)
    with neighbour(cluster, topic()) as port:
        for _ in range(50):
            with Connection(port) as connection:
                try:
                    connection.send(noise.randbytes(noise.randrange(1, 5000)))
                    connection.socket.shutdown(socket.SHUT_WR)
                    connection.wait_closed()
                except OSError:
                    # Refused while it was still being sent.
                    pass
        tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"
        for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"AMQP\0\0\x09\x01", tls):
            with Connection(port) as connection:
                connection.send(text)
                connection.socket.shutdown(socket.SHUT_WR)
                connection.wait_closed()


@pytest.mark.parametrize("kind", ["random", "huge frames", "empty", "kafka"])
def test_garbage_on_the_peer_port(cluster, topic, kind):
    """Whoever has not proved to be a peer is dropped, before anything is believed or reserved."""
    noise = random.Random(11)
    sent = {"random": noise.randbytes(20_000), "huge frames": b"\x7f\xff\xff\xff" * 1000, "empty": b"",
            "kafka": b"\0\0\0\x10\0\x12\0\0\0\0\0\1\0\4test"}[kind]
    with neighbour(cluster, topic()):
        for node in cluster.nodes:
            with Connection(node.peer_port) as connection:
                try:
                    connection.send(sent)
                    connection.socket.shutdown(socket.SHUT_WR)
                    connection.wait_closed()
                except OSError:
                    # Refused while it was still being sent.
                    pass


def test_garbage_on_the_admin_port(cluster, topic):
    noise = random.Random(13)
    requests = (noise.randbytes(5000), b"GET /\r\n\r\n", b"GET " + b"/x" * 100_000 + b" HTTP/1.1\r\n\r\n",
                b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", b"\r\n\r\n",
                b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"")
    with neighbour(cluster, topic()):
        for node in cluster.nodes:
            for request in requests:
                with Connection(node.admin_port) as connection:
                    try:
                        connection.send(request)
                        connection.socket.shutdown(socket.SHUT_WR)
                        connection.wait_closed()
                    except OSError:
                        # Refused while it was still being sent.
                        pass
            assert node.get("/no/such/page")[0] == 404
            assert node.get("/health/live")[0] == 200
            assert node.ready()


def test_many_connections_that_say_nothing(cluster, topic):
    with neighbour(cluster, topic()) as port:
        idle = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(300)]
        with Connection(port) as connection:
            assert connection.api_versions()
        for connection in idle:
            connection.close()


def test_unknown_topic(cluster, topic):
    with neighbour(cluster, topic()) as port, Connection(port) as connection:
        assert connection.produce("no-such-topic", 0, GOOD)[0] == UNKNOWN_TOPIC_OR_PARTITION
        assert connection.produce(topic(), 99, GOOD)[0] == UNKNOWN_TOPIC_OR_PARTITION
        assert connection.fetch("no-such-topic", 0, 0)[0] == UNKNOWN_TOPIC_OR_PARTITION
        for name in ("", "a" * 250, "a/b", "..", "ä"):
            assert connection.create_topic(name, 1) == 17, f"topic name {name!r}"


def test_a_follower_takes_no_records(cluster, topic):
    """It answers 6, so that a client with old metadata finds the leader."""
    name = topic()
    leader = leader_port(kafka_ports(cluster), name)
    for node in cluster.nodes:
        if node.kafka_port != leader:
            with Connection(node.kafka_port) as connection:
                assert connection.produce(name, 0, GOOD)[0] == 6


def test_peer_with_a_wrong_cluster_id(cluster, topic, scratch):
    """A node formatted for another cluster, at the address of node 3, gets in nowhere and does no harm."""
    node = cluster.node(3)
    if cluster.leader() is node:
        node.stop()
        node.start()
        cluster.wait_ready(60)
    name = topic()
    data = scratch / "impostor"
    shape = cluster.shape
    formatted = subprocess.run(
        [str(cluster.binary), "format", "--data", str(data), "--cluster-id", "00000000-0000-4000-8000-000000000bad",
         "--node-id", "3", "--peers", shape.address_list("peer")], capture_output=True, text=True)
    assert formatted.returncode == 0, formatted.stderr
    assert node.stop() == 0
    command = [str(data) if part == str(node.data) else part for part in node.serve_command()]
    log = scratch / "impostor.log"
    with open(log, "wb") as out:
        impostor = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        others = cluster.nodes[:2]

        def is_refused():
            said = log.read_text() + "".join(other.log_tail(200) for other in others)
            return re.search("cluster(?:'s)?.?id", said, re.IGNORECASE)

        wait_until(is_refused, 20, "a log line that names the wrong cluster id")
        assert impostor.poll() is not None or not node.ready(), "the impostor must not become ready"
        with Connection(leader_port([other.kafka_port for other in others], name)) as connection:
            assert connection.produce(name, 0, GOOD) == (NO_ERROR, 0)
    finally:
        if impostor.poll() is None:
            os.kill(impostor.pid, 9)
        impostor.wait()
    node.start()
    cluster.wait_ready(60)
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        assert connection.list_offset(name, 0, -1)[2] == 3
