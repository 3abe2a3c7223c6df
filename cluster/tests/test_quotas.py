"""Client quotas: set with kafka-python's messages, kept with unmodified producers and consumers."""

import time

import confluent_kafka
import kafka
import pytest
from kafka.protocol.admin.client_quotas import (
    AlterClientQuotasRequest, AlterClientQuotasResponse, DescribeClientQuotasRequest, DescribeClientQuotasResponse)

from conftest import kafka_ports
from nodes import wait_until
from test_commands import run
from wire import Connection, leader_port

SECONDS = 60
KEY_DESCRIBE, KEY_ALTER = 48, 49


def alter(port, entity, **values):
    """The error code. A value of None removes the quota."""
    entry = AlterClientQuotasRequest.EntryData
    request = AlterClientQuotasRequest(validate_only=False, entries=[entry(
        entity=[entry.EntityData(entity_type=kind, entity_name=name) for kind, name in entity.items()],
        ops=[entry.OpData(key=key, value=value or 0.0, remove=value is None) for key, value in values.items()])])
    with Connection(port, seconds=SECONDS) as connection:
        reader = connection.ask(KEY_ALTER, 0, bytes(request.encode(version=0)))
        response = AlterClientQuotasResponse.decode(reader.raw(len(reader.data) - reader.at), version=0)
    return response.entries[0].error_code


def described(port):
    """{((type, name), …): {key: value}}"""
    request = DescribeClientQuotasRequest(components=[], strict=False)
    with Connection(port, seconds=SECONDS) as connection:
        reader = connection.ask(KEY_DESCRIBE, 0, bytes(request.encode(version=0)))
        response = DescribeClientQuotasResponse.decode(reader.raw(len(reader.data) - reader.at), version=0)
    assert response.error_code == 0
    return {tuple((part.entity_type, part.entity_name) for part in entry.entity):
            {value.key: value.value for value in entry.values} for entry in response.entries}


@pytest.fixture
def quota(cluster):
    """Sets a quota by way of any node, and takes all back at the end."""
    entities = []

    def make(entity, **values):
        entities.append((entity, dict.fromkeys(values)))
        assert alter(cluster.nodes[0].kafka_port, entity, **values) == 0
        for node in cluster.nodes:
            expected = {key: value for key, value in values.items() if value is not None}
            wait_until(lambda: described(node.kafka_port).get(tuple(entity.items())) == expected, SECONDS, "the quota")

    yield make
    for entity, values in entities:
        assert alter(cluster.nodes[0].kafka_port, entity, **values) == 0


def metric(cluster, name):
    """The sum over all nodes: who leads may change."""
    lines = [line for node in cluster.nodes for line in node.get("/metrics")[1].decode().splitlines()]
    return sum(float(line.split()[1]) for line in lines if line.startswith(name + " "))


def write(cluster, topic, client, count, size=10_000):
    """Seconds that it takes, and the longest wait that the broker has asked for."""
    waits = []
    producer = confluent_kafka.Producer({
        "bootstrap.servers": cluster.bootstrap, "client.id": client, "linger.ms": 0, "batch.num.messages": 1,
        "throttle_cb": lambda event: waits.append(event.throttle_time)})
    began = time.monotonic()
    for _ in range(count):
        producer.produce(topic, b"x" * size, partition=0)
        producer.poll(0)
    assert producer.flush(SECONDS) == 0
    return time.monotonic() - began, max(waits, default=0)


def test_quotas_are_kept_by_every_node_and_survive_the_leader(cluster, quota):
    quota({"client-id": "slow"}, producer_byte_rate=1000.0, consumer_byte_rate=2000.0)
    quota({"user": None, "client-id": None}, request_percentage=12.5)
    before = described(cluster.nodes[0].kafka_port)
    cluster.leader().kill()
    wait_until(lambda: cluster.leader() is not None, SECONDS, "a leader")
    for node in cluster.running():
        assert described(node.kafka_port) == before
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(SECONDS)


def test_wrong_quotas_are_refused(cluster):
    port = cluster.nodes[0].kafka_port
    for entity, values in [({"ip": "127.0.0.1"}, {"connection_creation_rate": 1.0}),
                           ({"client-id": "c"}, {"producer_byte_rate": -1.0}),
                           ({"client-id": "c"}, {"nonsense": 1.0}), ({}, {"producer_byte_rate": 1.0})]:
        assert alter(port, entity, **values) == 42
    assert described(port) == {}


def test_the_command(cluster):
    bootstrap, both = ["--bootstrap", cluster.bootstrap], ["--any-user", "--client", "reports"]

    def listed():
        code, out, err = run("quota", "list", *bootstrap)
        assert code == 0, err
        return [line.split() for line in out.splitlines()[1:]]

    code, out, err = run("quota", "set", *bootstrap, "--client", "reports", "consumer_byte_rate=1048576",
                         "producer_byte_rate=1000")
    assert code == 0 and "2 quotas" in out, err
    assert run("quota", "set", *bootstrap, *both, "request_percentage=12.5")[0] == 0
    assert listed() == [["-", "reports", "consumer_byte_rate", "1048576"],
                        ["-", "reports", "producer_byte_rate", "1000"],
                        ["(any", "other)", "reports", "request_percentage", "12.5"]]
    code, _, err = run("quota", "set", *bootstrap, "--client", "reports", "nonsense=1")
    assert code == 1 and "nonsense" in err
    assert run("quota", "set", *bootstrap, "--client", "reports", "--delete", "consumer_byte_rate", "--delete",
               "producer_byte_rate")[0] == 0
    assert run("quota", "set", *bootstrap, *both, "--delete", "request_percentage")[0] == 0
    assert listed() == []


def test_a_producer_is_slowed_down(cluster, topic, quota):
    """Ten seconds' worth are free, as with Kafka; 40,000 bytes more at 20,000 a second take two seconds."""
    name = topic()
    quota({"client-id": "slow"}, producer_byte_rate=20_000.0)
    seconds, wait = write(cluster, name, "slow", 24)
    assert 1.5 <= seconds <= 20 and wait > 0
    assert metric(cluster, "holdfast_kafka_throttled_requests_total") > 0
    assert metric(cluster, "holdfast_quotas") == 3
    seconds, wait = write(cluster, name, "quick", 24)
    assert wait == 0


def test_a_consumer_is_slowed_down(cluster, topic, quota):
    name = topic()
    write(cluster, name, "writer", 60)
    quota({"client-id": None}, consumer_byte_rate=30_000.0)

    def read(client):
        consumer = kafka.KafkaConsumer(bootstrap_servers=cluster.bootstrap, client_id=client, group_id=None,
                                       max_partition_fetch_bytes=20_000, consumer_timeout_ms=SECONDS * 1000)
        partition = kafka.TopicPartition(name, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        began = time.monotonic()
        found = [next(consumer) for _ in range(60)]
        consumer.close()
        assert [record.offset for record in found] == list(range(60))
        return time.monotonic() - began

    # 600,000 bytes, of which 300,000 are free, and the wait after the last ones is not seen.
    assert read("reader") >= 4


def test_time_is_limited_too(cluster, topic, quota):
    name = topic()
    quota({"user": "ANONYMOUS"}, request_percentage=0.001)
    with Connection(leader_port(kafka_ports(cluster), name), seconds=SECONDS) as connection:
        before = metric(cluster, "holdfast_kafka_throttled_requests_total")
        deadline = time.monotonic() + SECONDS
        # A hundred microseconds in ten seconds are free.
        while metric(cluster, "holdfast_kafka_throttled_requests_total") == before and time.monotonic() < deadline:
            for _ in range(10):
                connection.metadata([name])
        assert metric(cluster, "holdfast_kafka_throttled_requests_total") > before
