"""Topics, configurations, offsets, producer ids and long polling, through kafka-python or by hand."""

import re
import threading
import time

import pytest
from kafka import KafkaAdminClient
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType

from conftest import kafka_ports
from nodes import REPOSITORY, wait_until
from wire import (NO_ERROR, OFFSET_OUT_OF_RANGE, OUT_OF_ORDER_SEQUENCE, TOPIC_ALREADY_EXISTS, Connection, batch,
                  batches, leader_port, produce_to_leader)


@pytest.fixture
def admin(cluster):
    client = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    yield client
    client.close()


@pytest.fixture
def leader(cluster, topic):
    """(topic, connection to its leader)."""
    name = topic()
    with Connection(leader_port(kafka_ports(cluster), name), seconds=30) as connection:
        yield name, connection


def test_create_describe_and_delete_topics(admin):
    admin.create_topics({"made": {"num_partitions": 4, "replication_factor": 3}, "defaults": {}},
                        wait_for_metadata=True)
    # Any node may answer, and a follower learns of a change a little later.
    wait_until(lambda: {"made", "defaults"} <= set(admin.list_topics()), 20, "the topics to be listed")
    described = admin.describe_topics(["made"])[0]
    assert sorted(p["partition_index"] for p in described["partitions"]) == [0, 1, 2, 3]
    for partition in described["partitions"]:
        assert sorted(partition["replica_nodes"]) == sorted(partition["isr_nodes"]) == [1, 2, 3]
        assert partition["leader_id"] in (1, 2, 3)
    with pytest.raises(kafka_errors.TopicAlreadyExistsError):
        admin.create_topics({"made": {"num_partitions": 1}})
    admin.delete_topics(["made", "defaults"])
    wait_until(lambda: not {"made", "defaults"} & set(admin.list_topics()), 20, "the topics to be listed no more")
    with pytest.raises(kafka_errors.UnknownTopicOrPartitionError):
        admin.delete_topics(["made"])


def test_a_deleted_topic_comes_back_empty(cluster, admin, leader):
    name, connection = leader
    connection.produce(name, 0, batch([b"old"]))
    admin.delete_topics([name])
    admin.create_topics({name: {"num_partitions": 1}}, wait_for_metadata=True)
    assert connection.list_offset(name, 0, -1)[::2] == (NO_ERROR, 0)
    assert connection.produce(name, 0, batch([b"new"])) == (NO_ERROR, 0)


@pytest.mark.parametrize("replication", [1, 3, -1])
def test_replication_factors_that_are_accepted(admin, replication):
    name = f"replication{replication}"
    admin.create_topics({name: {"num_partitions": 1, "replication_factor": replication}}, wait_for_metadata=True)
    assert len(admin.describe_topics([name])[0]["partitions"][0]["replica_nodes"]) == 3
    admin.delete_topics([name])


def test_invalid_topics_are_refused(admin):
    with pytest.raises(kafka_errors.InvalidReplicationFactorError):
        admin.create_topics({"too-many-replicas": {"num_partitions": 1, "replication_factor": 7}})
    with pytest.raises(kafka_errors.InvalidPartitionsError):
        admin.create_topics({"no-partitions": {"num_partitions": 0, "replication_factor": 3}})
    with pytest.raises(kafka_errors.InvalidTopicError):
        admin.create_topics({"not/a/name": {"num_partitions": 1}})
    with pytest.raises(kafka_errors.InvalidConfigurationError):
        admin.create_topics({"bad-config": {"num_partitions": 1, "configs": {"no.such.setting": "1"}}})
    assert not {"too-many-replicas", "no-partitions", "not/a/name", "bad-config"} & set(admin.list_topics())


def test_validate_only_creates_nothing(admin):
    admin.create_topics({"only-checked": {"num_partitions": 1, "replication_factor": 3}}, validate_only=True)
    assert "only-checked" not in admin.list_topics()


def test_create_partitions(cluster, admin, leader):
    name, connection = leader
    admin.create_partitions({name: 3})
    admin.wait_for_topics([name])
    assert len(admin.describe_topics([name])[0]["partitions"]) == 3
    assert connection.produce(name, 2, batch([b"x"])) == (NO_ERROR, 0)
    with pytest.raises(kafka_errors.InvalidPartitionsError):
        admin.create_partitions({name: 2})


def test_describe_configs(admin):
    admin.create_topics({"configured": {"num_partitions": 1, "configs": {"retention.ms": "3600000"}}},
                        wait_for_metadata=True)
    resource = ConfigResource(ConfigResourceType.TOPIC, "configured")
    every = admin.describe_configs([resource], config_filter="all")["topic"]["configured"]
    assert every["retention.ms"]["value"] == "3600000"
    assert every["max.message.bytes"]["value"] == "1048588"
    changed = admin.describe_configs([resource])["topic"]["configured"]
    assert list(changed) == ["retention.ms"]


def test_describe_cluster(cluster, admin):
    described = admin.describe_cluster()
    assert sorted(broker["node_id" if "node_id" in broker else "broker_id"] for broker in described["brokers"]) \
        == [1, 2, 3]
    assert described["controller_id"] in (1, 2, 3)
    assert described["cluster_id"]


def test_every_node_answers_metadata(cluster, leader):
    """All the same, as soon as each follower has applied the topic's creation."""
    name, _ = leader

    def answers():
        seen = []
        for node in cluster.nodes:
            with Connection(node.kafka_port) as connection:
                seen.append(connection.metadata([name]))
        assert all(answer["brokers"] == {n.number: n.kafka_port for n in cluster.nodes} for answer in seen)
        return seen

    wait_until(lambda: all(answer["topics"][name][0] == NO_ERROR for answer in answers()), 20,
               "every node to know the topic")
    seen = answers()
    assert seen[0] == seen[1] == seen[2]


API_KEYS = {"Produce": 0, "Fetch": 1, "ListOffsets": 2, "Metadata": 3, "OffsetCommit": 8, "OffsetFetch": 9,
            "FindCoordinator": 10, "JoinGroup": 11, "Heartbeat": 12, "LeaveGroup": 13, "SyncGroup": 14,
            "DescribeGroups": 15, "ListGroups": 16, "DeleteGroups": 42, "OffsetDelete": 47, "ApiVersions": 18,
            "DescribeClientQuotas": 48, "AlterClientQuotas": 49,
            "CreateTopics": 19, "DeleteTopics": 20, "DeleteRecords": 21, "InitProducerId": 22,
            "AddPartitionsToTxn": 24, "AddOffsetsToTxn": 25, "EndTxn": 26, "TxnOffsetCommit": 28,
            "DescribeProducers": 61, "DescribeTransactions": 65, "ListTransactions": 66,
            "OffsetForLeaderEpoch": 23, "DescribeConfigs": 32, "AlterConfigs": 33, "IncrementalAlterConfigs": 44,
            "CreatePartitions": 37, "DescribeLogDirs": 35, "ElectLeaders": 43, "DescribeCluster": 60,
            "ConsumerGroupHeartbeat": 68, "ConsumerGroupDescribe": 69, "DescribeTopicPartitions": 75,
            "AlterReplicaLogDirs": 34, "AlterPartitionReassignments": 45, "ListPartitionReassignments": 46,
            "DescribeQuorum": 55, "ListConfigResources": 74}


def test_readme_lists_the_api_versions_that_are_served(cluster):
    listed = re.search(r"API versions served:(.*?)\.", (REPOSITORY / "README.md").read_text(), re.DOTALL)[1]
    promised = {}
    for name, low, high, advertised in re.findall(r"(\w+)\s(\d+)–(\d+)(?:\s\(advertised\sfrom\s(\d+))?", listed):
        promised[API_KEYS[name]] = (int(advertised or low), int(high))
    with Connection(cluster.nodes[0].kafka_port) as connection:
        assert connection.api_versions() == promised


def test_create_topic_twice(leader):
    name, connection = leader
    assert connection.create_topic(name, 1) == TOPIC_ALREADY_EXISTS


def test_offsets_by_time(leader):
    name, connection = leader
    begin = int(time.time() * 1000) - 1_000_000
    for step in range(10):
        assert connection.produce(name, 0, batch([b"a", b"b"], timestamp=begin + 1000 * step))[0] == NO_ERROR
    assert connection.list_offset(name, 0, -2) == (NO_ERROR, -1, 0)
    assert connection.list_offset(name, 0, -1) == (NO_ERROR, -1, 20)
    for step in range(10):
        assert connection.list_offset(name, 0, begin + 1000 * step) == (NO_ERROR, begin + 1000 * step, 2 * step)
        assert connection.list_offset(name, 0, begin + 1000 * step - 999)[2] == 2 * step
    assert connection.list_offset(name, 0, begin - 5) == (NO_ERROR, begin, 0)
    assert connection.list_offset(name, 0, begin + 9001) == (NO_ERROR, -1, -1)


def test_offset_for_leader_epoch(leader):
    name, connection = leader
    connection.produce(name, 0, batch([b"a", b"b", b"c"]))
    epoch = batches(connection.fetch(name, 0, 0)[2])[0][1]
    assert epoch > 0
    assert connection.offset_for_leader_epoch(name, 0, epoch) == (NO_ERROR, epoch, 3)
    assert connection.offset_for_leader_epoch(name, 0, epoch + 1000)[::2] == (NO_ERROR, -1)


def test_producer_ids_are_unique(cluster):
    ids = []
    for node in cluster.nodes:
        with Connection(node.kafka_port) as connection:
            for _ in range(3):
                error, producer_id, epoch = connection.init_producer_id()
                if error == NO_ERROR:
                    assert epoch == 0 and producer_id >= 0
                    ids.append(producer_id)
    assert len(ids) >= 3 and len(set(ids)) == len(ids)


def test_idempotent_batches(leader):
    """A batch sent again is acknowledged with its first offset and stored once; a gap is refused."""
    name, connection = leader
    error, producer_id, epoch = connection.init_producer_id()
    assert error == NO_ERROR

    def send(sequence, count=2):
        records = batch([b"r"] * count, producer_id, epoch, sequence)
        return connection.produce(name, 0, records)

    assert send(0) == (NO_ERROR, 0)
    assert send(2) == (NO_ERROR, 2)
    assert send(2) == (NO_ERROR, 2)
    assert send(0) == (NO_ERROR, 0)
    assert send(6)[0] == OUT_OF_ORDER_SEQUENCE
    assert send(4) == (NO_ERROR, 4)
    assert connection.list_offset(name, 0, -1)[2] == 6


def test_idempotence_survives_the_leader(cluster, topic):
    name = topic()
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        _, producer_id, epoch = connection.init_producer_id()
        records = batch([b"once", b"only"], producer_id, epoch, 0)
        assert connection.produce(name, 0, records) == (NO_ERROR, 0)
    cluster.leader().kill()
    assert produce_to_leader(kafka_ports(cluster), name, 0, records, seconds=30) == (NO_ERROR, 0)
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        assert connection.list_offset(name, 0, -1)[2] == 2


def test_fetch_waits_when_there_is_nothing(leader):
    name, connection = leader
    began = time.monotonic()
    error, high_watermark, data = connection.fetch(name, 0, 0, max_wait_ms=600)
    elapsed = time.monotonic() - began
    assert (error, high_watermark, data) == (NO_ERROR, 0, b"")
    # Its own clock's grain is the server's leave to be a little early; being late is the machine's.
    assert elapsed >= 0.55


def test_fetch_is_answered_as_soon_as_a_record_is_there(cluster, leader):
    name, connection = leader
    result = {}

    def wait():
        result["fetched"] = connection.fetch(name, 0, 0, max_wait_ms=25_000)
        result["at"] = time.monotonic()

    thread = threading.Thread(target=wait)
    began = time.monotonic()
    thread.start()
    with Connection(leader_port(kafka_ports(cluster), name)) as other:
        # Several round trips, so that the fetch has reached the broker before the record does.
        for _ in range(50):
            other.api_versions()
        assert other.produce(name, 0, batch([b"awaited"])) == (NO_ERROR, 0)
    thread.join(30)
    error, high_watermark, data = result["fetched"]
    assert (error, high_watermark) == (NO_ERROR, 1) and b"awaited" in data
    assert result["at"] - began < 20, "the fetch waited for its deadline although a record was there"


def test_fetch_waits_for_its_minimum(leader):
    name, connection = leader
    connection.produce(name, 0, batch([b"small"]))
    began = time.monotonic()
    error, _, data = connection.fetch(name, 0, 0, max_wait_ms=600, min_bytes=100_000)
    assert error == NO_ERROR and b"small" in data
    assert time.monotonic() - began >= 0.55


def test_fetch_limits(leader):
    """A batch larger than the limit is still given, alone, or the consumer would be stuck."""
    name, connection = leader
    for _ in range(10):
        connection.produce(name, 0, batch([b"x" * 10_000]))
    assert [base for base, _, _ in batches(connection.fetch(name, 0, 0, max_bytes=25_000)[2])] in ([0], [0, 1])
    assert [base for base, _, _ in batches(connection.fetch(name, 0, 4, max_bytes=1)[2])] == [4]
    assert [base for base, _, _ in batches(connection.fetch(name, 0, 0)[2])] == list(range(10))


def test_fetch_out_of_range(leader):
    name, connection = leader
    connection.produce(name, 0, batch([b"only"]))
    for offset in (5, -1, 2**62):
        began = time.monotonic()
        assert connection.fetch(name, 0, offset, max_wait_ms=20_000)[0] == OFFSET_OUT_OF_RANGE
        assert time.monotonic() - began < 15, "an error is not worth waiting for"


def test_fetch_from_the_middle_of_a_batch(leader):
    name, connection = leader
    connection.produce(name, 0, batch([b"a", b"b", b"c"]))
    assert batches(connection.fetch(name, 0, 2)[2])[0][0] == 0, "a batch is served whole, as it is stored"
