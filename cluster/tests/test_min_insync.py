"""min.insync.replicas above the majority, with unmodified clients and nodes that stand still or are gone."""

import json
import signal

import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic
from kafka import errors as kafka_errors

from conftest import kafka_ports
from nodes import wait_until
from test_commands import run
from wire import Connection, batch, leader_port

SECONDS = 60
NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND = 19, 20


def create(cluster, name, minimum):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    (future,) = admin.create_topics([NewTopic(name, 1, config={"min.insync.replicas": str(minimum)})]).values()
    future.result(SECONDS)
    (described,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)]).values()
    assert described.result(SECONDS)["min.insync.replicas"].value == str(minimum)


def followers(cluster):
    leader = cluster.leader()
    return [node for node in cluster.nodes if node.number != leader.number]


def metric(node, name):
    lines = node.get("/metrics")[1].decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(name + " ")), None)


def in_touch(cluster, count):
    wait_until(lambda: metric(cluster.leader(), "holdfast_voters_in_touch") == count, SECONDS, f"{count} in touch")


def send(cluster, topic, value, **options):
    """The name of the error that kafka-python's producer met, or the offset."""
    producer = kafka.KafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all", enable_idempotence=False, retries=0,
                                   **options)
    try:
        return producer.send(topic, value, partition=0).get(SECONDS).offset
    except kafka_errors.KafkaError as error:
        return type(error).__name__
    finally:
        producer.close(SECONDS)


def test_all_three(new_cluster):
    cluster = new_cluster()
    create(cluster, "three", 3)
    create(cluster, "two", 2)
    in_touch(cluster, 3)
    with Connection(leader_port(kafka_ports(cluster), "three")) as connection:
        _, producer_id, epoch = connection.init_producer_id()
        for sequence in range(20):
            assert connection.produce("three", 0, batch([b"r"], producer_id, epoch, sequence)) == (0, sequence)
            # All of them have it by now, as the leader knows.
            code, out, err = run("outcome", "--admin", cluster.leader().admin, "--producer-id", producer_id, "--epoch",
                                 epoch, "--sequence", sequence, "--topic", "three", "--partition", 0, "--json")
            assert code == 0, err
            status = cluster.leader().status()
            assert all(one["matched"] >= json.loads(out)["index"] for one in status["followers"])
    lost = followers(cluster)[0]
    lost.kill()
    in_touch(cluster, 2)
    assert send(cluster, "three", b"x") == "NotEnoughReplicasError"
    assert send(cluster, "two", b"x") == 0
    assert metric(cluster.leader(), "holdfast_topics_under_min_isr") == 1
    assert metric(cluster.leader(), "holdfast_kafka_not_enough_replicas_total") >= 1
    code, out, _ = run("status", "--admin", cluster.admin)
    assert code == 0 and "3/3 (2 in touch)" in out and "2/3\n" in out
    code, out, _ = run("topic", "describe", "--bootstrap", cluster.bootstrap, "--topic", "three")
    assert code == 0 and "3 of 3 nodes have a record on disk first" in out and "min.insync.replicas" in out
    # librdkafka tries again by itself until the node is back.
    told = []
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "enable.idempotence": True})
    producer.produce("three", b"y", partition=0,
                     on_delivery=lambda error, message: told.append((error, message.offset())))
    assert producer.flush(2) == 1 and not told
    lost.start()
    assert producer.flush(SECONDS) == 0 and told == [(None, 20)]


def test_a_node_that_stands_still(new_cluster):
    """Its copy is waited for, and then given up; what was stored stays, and is acknowledged when it is back."""
    cluster = new_cluster()
    create(cluster, "three", 3)
    in_touch(cluster, 3)
    slow = followers(cluster)[0]
    with Connection(leader_port(kafka_ports(cluster), "three"), seconds=SECONDS) as connection:
        _, producer_id, epoch = connection.init_producer_id()
        records = batch([b"r"], producer_id, epoch, 0)
        slow.signal(signal.SIGSTOP)
        try:
            assert connection.produce("three", 0, records)[0] == NOT_ENOUGH_REPLICAS_AFTER_APPEND
            assert connection.list_offset("three", 0, -1)[2] == 1
            assert connection.produce("three", 0, records)[0] == NOT_ENOUGH_REPLICAS
        finally:
            slow.signal(signal.SIGCONT)
        in_touch(cluster, 3)
        assert connection.produce("three", 0, records) == (0, 0)
        assert connection.list_offset("three", 0, -1)[2] == 1


@pytest.mark.parametrize("minimum", [1, 2])
def test_the_majority_is_the_floor(new_cluster, minimum):
    cluster = new_cluster()
    create(cluster, "floor", minimum)
    followers(cluster)[0].kill()
    assert send(cluster, "floor", b"x") == 0
