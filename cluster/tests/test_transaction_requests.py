"""Requests of transactions made by hand: the error that Kafka gives, and nothing lost."""

import struct

import pytest
from kafka import KafkaAdminClient, TopicPartition

from conftest import kafka_ports
from wire import Connection, batch, leader_port, string

INIT, ADD_PARTITIONS, ADD_OFFSETS, END, COMMIT_OFFSETS = 22, 24, 25, 26, 28
(NONE, INVALID_REQUEST, INVALID_EPOCH, INVALID_STATE, UNKNOWN_MAPPING, INVALID_TIMEOUT, UNKNOWN_TOPIC, NOT_ATTEMPTED,
 FENCED) = (0, 42, 47, 48, 49, 50, 3, 55, 90)
TRANSACTIONAL = 16


class Producer:
    """One transactional id, request by request."""

    def __init__(self, connection, name, timeout_ms=60000):
        self.connection, self.name = connection, name
        self.sequences = {}
        error, self.id, self.epoch = self.initialize(timeout_ms)
        assert error == NONE

    def initialize(self, timeout_ms=60000, name=None):
        reader = self.connection.ask(INIT, 0, string(name or self.name) + struct.pack(">i", timeout_ms))
        reader.take("i")
        return reader.take("hqh")

    def _head(self, epoch=None, producer=None, name=None):
        return (string(name or self.name)
                + struct.pack(">qh", producer or self.id, self.epoch if epoch is None else epoch))

    def add(self, topic, *partitions, version=0, **who):
        """Error codes by partition."""
        body = struct.pack(">i", 1) + string(topic) + struct.pack(f">i{len(partitions)}i", len(partitions), *partitions)
        reader = self.connection.ask(ADD_PARTITIONS, version, self._head(**who) + body)
        reader.take("ii")
        reader.string()
        return dict(reader.array(lambda: reader.take("ih")))

    def add_group(self, group, version=0, **who):
        return self.connection.ask(ADD_OFFSETS, version, self._head(**who) + string(group)).take("ih")[1]

    def commit_offset(self, group, topic, offset, **who):
        body = (string(who.pop("name", self.name)) + string(group)
                + struct.pack(">qh", who.get("producer", self.id), who.get("epoch", self.epoch))
                + struct.pack(">i", 1) + string(topic) + struct.pack(">iiq", 1, 0, offset) + string(""))
        reader = self.connection.ask(COMMIT_OFFSETS, 0, body)
        reader.take("ii")
        reader.string()
        return reader.array(lambda: reader.take("ih"))[0][1]

    def end(self, commits, version=0, **who):
        return self.connection.ask(END, version, self._head(**who) + struct.pack(">b", commits)).take("ih")[1]

    def batch(self, *values, epoch=None, attributes=TRANSACTIONAL, sequence=0):
        return batch(values, self.id, self.epoch if epoch is None else epoch, sequence, attributes=attributes)


@pytest.fixture
def producer(cluster, topic):
    """(topic, a producer at the leader)."""
    name = topic(2)
    with Connection(leader_port(kafka_ports(cluster), name), seconds=30) as connection:
        yield name, Producer(connection, f"by-hand-{name}")


def test_a_batch_that_belongs_to_no_open_transaction_is_refused(producer):
    """Also one that comes after the end of its own: the late message of KIP-890."""
    topic, one = producer
    produce = one.connection.produce
    assert produce(topic, 0, one.batch(b"a"))[0] == INVALID_STATE
    assert one.add(topic, 0) == {0: NONE}
    assert produce(topic, 1, one.batch(b"a"))[0] == INVALID_STATE
    assert produce(topic, 0, one.batch(b"a", epoch=one.epoch + 1))[0] == INVALID_EPOCH
    assert produce(topic, 0, one.batch(b"a", attributes=0))[0] == 87
    assert produce(topic, 0, batch([b"a"], attributes=TRANSACTIONAL))[0] == 87
    assert produce(topic, 0, one.batch(b"a")) == (NONE, 0)
    assert produce(topic, 0, one.batch(b"a")) == (NONE, 0), "sent again"
    assert one.end(True) == NONE
    assert produce(topic, 0, one.batch(b"b", sequence=1))[0] == INVALID_STATE
    # The record and the marker: nothing dangles.
    assert one.connection.list_offset(topic, 0, -1)[2] == 2
    assert produce(topic, 0, batch([b"plain"])) == (NONE, 2)


def test_batches_of_an_older_epoch_are_refused(producer):
    topic, one = producer
    old = one.epoch
    assert one.add(topic, 0) == {0: NONE}
    assert one.connection.produce(topic, 0, one.batch(b"a"))[0] == NONE
    error, producer_id, one.epoch = one.initialize()
    assert (error, producer_id, one.epoch) == (NONE, one.id, old + 1)
    assert one.add(topic, 0) == {0: NONE}
    assert one.connection.produce(topic, 0, one.batch(b"b", epoch=old, sequence=1))[0] == INVALID_EPOCH
    assert one.connection.produce(topic, 0, one.batch(b"b")) == (NONE, 2)
    assert one.end(True) == NONE


@pytest.mark.parametrize("version, fenced", ((0, INVALID_EPOCH), (2, FENCED)))
def test_fenced_and_unknown_producers(producer, version, fenced):
    topic, one = producer
    for who, error in (({"epoch": one.epoch + 7}, fenced), ({"epoch": -1}, fenced),
                       ({"producer": one.id + 1000}, UNKNOWN_MAPPING), ({"name": "nobody"}, UNKNOWN_MAPPING)):
        assert one.add(topic, 0, 1, version=version, **who) == {0: error, 1: error}
        assert one.add_group("g", version=version, **who) == error
        assert one.end(True, version=version, **who) == error
    assert one.add(topic, 0) == {0: NONE}
    assert one.end(True) == NONE


def test_ends_that_do_not_fit(producer):
    topic, one = producer
    assert one.end(True) == one.end(False) == INVALID_STATE
    assert one.add(topic, 0, 1) == {0: NONE, 1: NONE}
    assert one.end(True) == NONE
    assert one.end(True) == NONE, "asked again"
    assert one.end(False) == INVALID_STATE
    assert one.add_group("g") == NONE
    assert one.end(False) == one.end(False) == NONE
    assert one.end(True) == INVALID_STATE


def test_partitions_join_all_or_none(producer):
    topic, one = producer
    assert one.add(topic, 0, 9) == {0: NOT_ATTEMPTED, 9: UNKNOWN_TOPIC}
    assert one.end(True) == INVALID_STATE
    assert one.add("no-such-topic", 0) == {0: UNKNOWN_TOPIC}


def test_offsets_of_groups_that_have_not_joined(producer):
    topic, one = producer
    assert one.commit_offset("g", topic, 5) == INVALID_STATE
    assert one.add_group("g") == NONE
    assert one.commit_offset("h", topic, 5) == INVALID_STATE
    assert one.commit_offset("g", topic, 5, epoch=one.epoch + 1) == INVALID_EPOCH
    assert one.commit_offset("g", "no-such-topic", 5) == UNKNOWN_TOPIC
    assert one.commit_offset("g", topic, 5) == NONE
    assert one.end(True) == NONE


def test_names_and_timeouts_that_are_refused(producer):
    _, one = producer
    for timeout in (0, -1, 900_001):
        assert one.initialize(timeout)[0] == INVALID_TIMEOUT
    reader = one.connection.ask(INIT, 0, string("") + struct.pack(">i", 60000))
    assert reader.take("ihqh")[1] == INVALID_REQUEST


def test_what_administrators_see(cluster, producer):
    topic, one = producer
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    one.add(topic, 0, 1)
    assert one.connection.produce(topic, 1, one.batch(b"a", b"b"))[0] == NONE
    listed = {node: [entry.transactional_id for entry in entries]
              for node, entries in admin.list_transactions(state_filters=["Ongoing"]).items()}
    assert sum(one.name in names for names in listed.values()) == 1, listed
    assert one.name not in str(admin.list_transactions(state_filters=["Empty"]))
    assert one.name in str(admin.list_transactions(producer_id_filters=[one.id]))
    assert one.name not in str(admin.list_transactions(duration_filter_ms=3_600_000))
    described = str(admin.describe_transactions([one.name]))
    assert "Ongoing" in described and topic in described
    producers = str(admin.describe_producers([TopicPartition(topic, 1)]))
    assert str(one.id) in producers
    assert one.end(True) == NONE
    assert "CompleteCommit" in str(admin.describe_transactions([one.name]))
    admin.close()
