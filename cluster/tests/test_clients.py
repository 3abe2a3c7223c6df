"""Unmodified clients produce with every codec they have and read back what they wrote, compared in full."""

import logging
import struct
import time

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from clients import CLIENTS, CODECS, records
from conftest import kafka_ports
from wire import Connection, leader_port

PARTITIONS = 3
COUNT = 10_000


def check(found, pairs):
    """Every record once, nothing else; each partition's offsets without a gap and its records in their order."""
    assert sorted((key, value) for _, _, key, value in found) == sorted(pairs)
    for partition in range(PARTITIONS):
        mine = sorted(entry for entry in found if entry[0] == partition)
        assert [offset for _, offset, _, _ in mine] == list(range(len(mine)))
        numbers = [int(value.split(b" ")[0]) for _, _, _, value in mine]
        assert numbers == sorted(numbers)
    assert len({partition for partition, _, _, _ in found}) == PARTITIONS


def stored_codec(cluster, topic):
    """The codec bits of the first batch as the broker stores it."""
    for partition in range(PARTITIONS):
        with Connection(leader_port(kafka_ports(cluster), topic, partition)) as connection:
            error, _, data = connection.fetch(topic, partition, 0, max_wait_ms=100)
        assert error == 0
        if len(data) >= 61:
            return CODECS[struct.unpack_from(">h", data, 21)[0] & 7]
    return None


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_round_trip(cluster, topic, client, codec):
    name, pairs = topic(PARTITIONS), records(COUNT)
    client.write(cluster.bootstrap, name, pairs, codec)
    check(client.read(cluster.bootstrap, name, PARTITIONS, COUNT), pairs)
    assert stored_codec(cluster, name) == codec


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_idempotent_producer(cluster, topic, client):
    name, pairs = topic(PARTITIONS), records(2000)
    client.write(cluster.bootstrap, name, pairs, idempotent=True)
    check(client.read(cluster.bootstrap, name, PARTITIONS, len(pairs)), pairs)


@pytest.mark.parametrize("reader", CLIENTS, ids=lambda client: f"read-by-{client.name}")
@pytest.mark.parametrize("writer", CLIENTS, ids=lambda client: f"written-by-{client.name}")
def test_clients_read_each_other(cluster, topic, writer, reader):
    name, pairs = topic(PARTITIONS), records(500)
    writer.write(cluster.bootstrap, name, pairs, "gzip")
    check(reader.read(cluster.bootstrap, name, PARTITIONS, len(pairs)), pairs)


def test_a_topic_is_created_by_the_first_record(cluster):
    pairs = records(200)
    CLIENTS[0].write(cluster.bootstrap, "made-by-its-first-record", pairs)
    with Connection(kafka_ports(cluster)[0]) as connection:
        error, partitions = connection.metadata(["made-by-its-first-record"])["topics"]["made-by-its-first-record"]
    assert error == 0
    found = CLIENTS[0].read(cluster.bootstrap, "made-by-its-first-record", len(partitions), len(pairs))
    assert sorted((key, value) for _, _, key, value in found) == sorted(pairs)


class RequestLog(logging.Handler):
    """The requests that a librdkafka client says it sends."""

    def __init__(self):
        super().__init__()
        self.requests = []
        self.logger = logging.Logger("librdkafka")
        self.logger.addHandler(self)

    def emit(self, record):
        if "Sent" in record.getMessage():
            self.requests.append(record.getMessage())


def test_a_consumer_that_fetches_by_id(cluster):
    """librdkafka does; it follows the topic's name to its new id, and sees nothing of the old topic again."""
    name, bootstrap, log = "deleted-under-its-reader", {"bootstrap.servers": cluster.bootstrap}, RequestLog()
    admin = AdminClient(bootstrap)

    def make(word, count):
        admin.create_topics([NewTopic(name, 1, 3)])[name].result()
        CLIENTS[1].write(cluster.bootstrap, name, [(b"k", b"%s %d" % (word, number)) for number in range(count)])

    make(b"old", 5)
    reader = confluent_kafka.Consumer(
        {**bootstrap, "group.id": name, "enable.auto.commit": False, "debug": "protocol"}, logger=log.logger)
    reader.assign([confluent_kafka.TopicPartition(name, 0, 0)])

    def read(count):
        found, deadline = [], time.monotonic() + 60
        while len(found) < count and time.monotonic() < deadline:
            message = reader.poll(0.2)
            if message is not None and not message.error():
                found.append((message.offset(), message.value()))
        return found

    assert read(5) == [(number, b"old %d" % number) for number in range(5)]
    admin.delete_topics([name])[name].result()
    make(b"new", 9)
    assert read(4) == [(number, b"new %d" % number) for number in range(5, 9)]
    reader.close()
    assert any("FetchRequest (v16" in line for line in log.requests), log.requests[:20]
