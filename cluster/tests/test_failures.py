"""kill -9 of the leader, of everything, and of too much: what was acknowledged stays, once and in order."""

import struct
import time

import pytest

from conftest import kafka_ports
from history import Writer, judge, read_all
from nodes import wait_until
from wire import (NO_ERROR, PRODUCE, RETRIABLE, Connection, WireError, batch, leader_port, produce_body,
                  read_produce)

PARTITIONS = 3


def wait_acknowledged(writer, count, seconds=60):
    wait_until(lambda: len(writer.acknowledged) >= count or writer.fatal, seconds, f"{count} acknowledgements")
    assert writer.fatal is None


def finish_and_judge(cluster, writer):
    """Everything allowed is acknowledged in the end; the verdict over what is stored."""
    writer.finish(90)
    assert not writer.refused, list(writer.refused.items())[:3]
    assert len(writer.acknowledged) == writer.allowed
    verdict = judge(writer.acknowledged, writer.allowed, writer.size,
                    read_all(cluster.bootstrap, writer.topic, PARTITIONS))
    assert verdict.good, str(verdict)


def start_writer(cluster, topic, allowed, rate=8000):
    writer = Writer(cluster.bootstrap, topic, PARTITIONS, rate=rate)
    writer.allowed = allowed
    writer.start()
    return writer


def test_leader_killed_under_load(cluster, topic):
    writer = start_writer(cluster, topic(PARTITIONS), 40_000)
    for enough in (8_000, 20_000):
        wait_acknowledged(writer, enough)
        leader = wait_until(cluster.leader, 20, "a leader")
        writer.watch()
        leader.kill()
        wait_until(lambda: writer.writable_at or writer.fatal, 30, "the cluster to be writable again")
        leader.start()
        cluster.wait_ready(60)
    finish_and_judge(cluster, writer)


def test_follower_killed_under_load(cluster, topic):
    writer = start_writer(cluster, topic(PARTITIONS), 24_000)
    wait_acknowledged(writer, 6_000)
    follower = next(node for node in cluster.nodes if node is not cluster.leader())
    follower.kill()
    wait_acknowledged(writer, 16_000)
    follower.start()
    cluster.wait_ready(60)
    finish_and_judge(cluster, writer)


def test_all_nodes_killed_at_once_under_load(cluster, topic):
    writer = start_writer(cluster, topic(PARTITIONS), 40_000)
    for enough in (8_000, 24_000):
        wait_acknowledged(writer, enough)
        cluster.kill_all()
        for node in cluster.nodes:
            node.start()
        cluster.wait_ready(60)
    finish_and_judge(cluster, writer)


def test_leader_stopped_cleanly_under_load(cluster, topic):
    writer = start_writer(cluster, topic(PARTITIONS), 24_000)
    wait_acknowledged(writer, 8_000)
    leader = wait_until(cluster.leader, 20, "a leader")
    assert leader.stop() == 0
    wait_acknowledged(writer, 16_000)
    leader.start()
    cluster.wait_ready(60)
    finish_and_judge(cluster, writer)


def produce_raw(port, topic, seconds):
    """The error code a node answers a produce request with, or None when it does not answer."""
    try:
        with Connection(port, seconds=seconds) as connection:
            connection.send(connection.frame(PRODUCE, 7, produce_body(topic, 0, batch([b"lonely"]), timeout_ms=1000)))
            return read_produce(connection.receive())[0]
    except (OSError, WireError):
        return None


def test_without_a_quorum_only_retriable_errors(cluster, topic):
    name = topic(PARTITIONS)
    leader = wait_until(cluster.leader, 20, "a leader")
    for node in cluster.nodes:
        if node is not leader:
            node.kill()
    answers = [produce_raw(leader.kafka_port, name, 15)]
    # When the leader has noticed that it leads nobody, it says so.
    wait_until(lambda: cluster.leader() is None, 30, "the lonely leader to step down")
    answers += [produce_raw(leader.kafka_port, name, 15) for _ in range(3)]
    assert answers[-1] is not None, "a node without a quorum still answers"
    assert all(answer is None or answer in RETRIABLE for answer in answers), answers
    assert not leader.ready(), "a node without a leader is not ready"
    assert leader.get("/health/live")[0] == 200

    # A producer's own retries carry it over the gap.
    writer = Writer(leader.bootstrap, name, PARTITIONS, rate=5000)
    writer.allowed = 2000
    writer.start()
    wait_until(lambda: len(writer.sent_at) == 2000, 30, "the records to be queued")
    assert not writer.acknowledged
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(60)
    writer.finish(60)
    assert len(writer.acknowledged) == 2000 and not writer.refused, list(writer.refused.items())[:3]
    found = read_all(cluster.bootstrap, name, PARTITIONS)
    # What the test itself sent without an answer may have been stored all the same; it is not this writer's.
    mine = {p: [entry for entry in entries if entry[2] != b"lonely"] for p, entries in found.items()}
    verdict = judge(writer.acknowledged, 2000, writer.size, mine)
    assert verdict.good, str(verdict)


@pytest.mark.parametrize("acks", [1, -1])
def test_acknowledged_is_readable_at_once_and_survives(cluster, topic, acks):
    """acks=1 is upgraded to a quorum: after its answer, a kill -9 of all nodes changes nothing."""
    name = topic()
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        for number in range(20):
            assert connection.produce(name, 0, batch([b"%d" % number]), acks=acks) == (NO_ERROR, number)
            error, high_watermark, data = connection.fetch(name, 0, number)
            assert (error, high_watermark) == (NO_ERROR, number + 1) and data.endswith(b"%d\0" % number)
    cluster.kill_all()
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(60)
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        assert connection.list_offset(name, 0, -1) == (NO_ERROR, -1, 20)


def test_acks_0_gets_no_answer_and_is_stored(cluster, topic):
    name = topic()
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        connection.send(connection.frame(PRODUCE, 7, produce_body(name, 0, batch([b"quiet"]), acks=0)))
        # Had the produce request an answer, this would read it and find the wrong correlation id.
        assert connection.api_versions()
        deadline = time.monotonic() + 10
        while connection.list_offset(name, 0, -1)[2] != 1:
            assert time.monotonic() < deadline, "a record sent with acks=0 did not arrive within 10 s"


def test_leader_epoch_grows_with_every_election(cluster, topic):
    name = topic()
    epochs = []
    for _ in range(2):
        with Connection(leader_port(kafka_ports(cluster), name)) as connection:
            connection.produce(name, 0, batch([b"x"]))
            data = connection.fetch(name, 0, len(epochs))[2]
        epochs.append(struct.unpack_from(">i", data, 12)[0])
        leader = wait_until(cluster.leader, 20, "a leader")
        leader.kill()
        wait_until(cluster.leader, 20, "a new leader")
        leader.start()
        cluster.wait_ready(60)
    assert epochs[0] < epochs[1]
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        # Where the first leader's records end, a follower of the old epoch would cut its log.
        assert connection.offset_for_leader_epoch(name, 0, epochs[0])[::2] == (NO_ERROR, 1)
        assert connection.offset_for_leader_epoch(name, 0, epochs[1])[::2] == (NO_ERROR, 2)
