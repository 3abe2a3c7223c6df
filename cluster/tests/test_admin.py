"""Administration with unmodified clients: confluent-kafka's AdminClient (librdkafka) and kafka-python's."""

import subprocess

import confluent_kafka
import kafka
import pytest
from confluent_kafka import ElectionType, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from kafka import KafkaAdminClient
from kafka import admin as kafka_admin
from kafka import errors as kafka_errors

from clients import Confluent, Kcat
from conftest import kafka_ports
from nodes import wait_until
from wire import NO_ERROR, OFFSET_OUT_OF_RANGE, Connection, leader_port

SECONDS = 60


@pytest.fixture
def confluent(cluster):
    return AdminClient({"bootstrap.servers": cluster.bootstrap})


@pytest.fixture
def python(cluster):
    client = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    yield client
    client.close()


def done(futures):
    """The results of one of confluent-kafka's calls."""
    return {key: future.result(SECONDS) for key, future in futures.items()}


def refused(futures):
    """The error code of its only item."""
    (future,) = futures.values()
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        future.result(SECONDS)
    return caught.value.args[0].code()


def settings(confluent, topic):
    """What is set away from its default, as any node may answer: a follower learns of a change a little later."""
    (described,) = done(confluent.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)])).values()
    return {name: entry.value for name, entry in described.items() if not entry.is_default}


def become(confluent, topic, expected):
    wait_until(lambda: known_settings(confluent, topic) == expected, 20, f"the settings {expected}")


def known_settings(confluent, topic):
    """None while the node that answers has not heard of the topic yet."""
    try:
        return settings(confluent, topic)
    except confluent_kafka.KafkaException as refused:
        if refused.args[0].code() != confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise
        return None


def altered(confluent, topic, entries, **options):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[
        ConfigEntry(name, value, incremental_operation=operation) for name, operation, value in entries])
    return confluent.incremental_alter_configs([resource], **options)


SET, DELETE, APPEND, SUBTRACT = (AlterConfigOpType.SET, AlterConfigOpType.DELETE, AlterConfigOpType.APPEND,
                                 AlterConfigOpType.SUBTRACT)


def test_incremental_alter_configs(confluent, topic):
    name = topic()
    done(altered(confluent, name, [("retention.ms", SET, "60000"), ("cleanup.policy", APPEND, "compact")]))
    become(confluent, name, {"retention.ms": "60000", "cleanup.policy": "delete,compact"})
    done(altered(confluent, name, [("retention.ms", DELETE, None), ("cleanup.policy", SUBTRACT, "delete")]))
    become(confluent, name, {"cleanup.policy": "compact"})
    done(altered(confluent, name, [("retention.ms", SET, "5")], validate_only=True))
    done(altered(confluent, name, [("cleanup.policy", SUBTRACT, "compact")]))
    become(confluent, name, {"cleanup.policy": ""})
    assert refused(altered(confluent, name, [("no.such.setting", SET, "1")])) == 40
    assert refused(altered(confluent, name, [("retention.ms", SET, "soon")])) == 40
    assert refused(altered(confluent, name, [("retention.ms", APPEND, "5")])) == 40
    assert refused(altered(confluent, name, [("unclean.leader.election.enable", SET, "true")])) == 40
    assert refused(altered(confluent, "missing", [("retention.ms", SET, "5")])) == 3
    assert settings(confluent, name) == {"cleanup.policy": ""}


def test_alter_configs(confluent, topic):
    """All of them at once: what is not named returns to its default."""
    name = topic()
    done(altered(confluent, name, [("segment.ms", SET, "9")]))
    resource = ConfigResource(ConfigResource.Type.TOPIC, name, set_config={"retention.ms": "60000"})
    done(confluent.alter_configs([resource]))
    become(confluent, name, {"retention.ms": "60000"})
    resource = ConfigResource(ConfigResource.Type.TOPIC, name, set_config={"retention.ms": "soon"})
    assert refused(confluent.alter_configs([resource])) == 40


def test_nodes_are_configured_by_their_files(confluent):
    for number in "1", "2", "3":
        resource = ConfigResource(ConfigResource.Type.BROKER, number, incremental_configs=[
            ConfigEntry("log.retention.ms", "5", incremental_operation=SET)])
        assert refused(confluent.incremental_alter_configs([resource])) == 42


@pytest.mark.parametrize("incremental", [True, False])
def test_alter_configs_with_kafka_python(confluent, python, topic, incremental):
    name = topic()

    def alter(configs, **options):
        resource = kafka_admin.ConfigResource(kafka_admin.ConfigResourceType.TOPIC, name, configs=configs)
        answer = python.alter_configs([resource], incremental=incremental, raise_on_unknown=False, **options)
        return answer["topic"][name]

    assert alter({"retention.ms": "60000", "max.message.bytes": "2000"}) == "OK"
    become(confluent, name, {"retention.ms": "60000", "max.message.bytes": "2000"})
    assert alter({"retention.ms": "7"}, validate_only=True) == "OK"
    assert "InvalidConfigurationError" in alter({"retention.ms": "soon"})
    assert "InvalidConfigurationError" in alter({"no.such.setting": "1"})
    assert settings(confluent, name) == {"retention.ms": "60000", "max.message.bytes": "2000"}
    python.reset_configs([kafka_admin.ConfigResource(
        kafka_admin.ConfigResourceType.TOPIC, name, configs={"retention.ms": None})])
    become(confluent, name, {"max.message.bytes": "2000"})


def test_settings_survive_the_leader(cluster, confluent, topic):
    name = topic()
    done(altered(confluent, name, [("retention.ms", SET, "60000")]))
    cluster.leader().kill()
    become(confluent, name, {"retention.ms": "60000"})


def fill(cluster, topic, count):
    Confluent().write(cluster.bootstrap, topic, [(b"k", b"%d" % number) for number in range(count)])


def offsets(cluster, topic, partition=0):
    """(first, end), as kcat is told."""
    found = []
    for time in -2, -1:
        line = subprocess.run(["kcat", "-Q", "-b", cluster.bootstrap, "-t", f"{topic}:{partition}:{time}"],
                              capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        found.append(int(line.split()[-1]))
    return tuple(found)


def test_delete_records(cluster, confluent, topic):
    name = topic(2)
    fill(cluster, name, 100)
    ends = [offsets(cluster, name, partition)[1] for partition in range(2)]
    assert sum(ends) == 100
    full = max(range(2), key=lambda partition: ends[partition])
    (left,) = done(confluent.delete_records([TopicPartition(name, full, 7)])).values()
    assert left.low_watermark == 7 and offsets(cluster, name, full) == (7, ends[full])
    (left,) = done(confluent.delete_records([TopicPartition(name, full, 3)])).values()
    assert left.low_watermark == 7, "the start does not move back"
    assert refused(confluent.delete_records([TopicPartition(name, full, ends[full] + 1)])) == OFFSET_OUT_OF_RANGE
    read = Kcat().read(cluster.bootstrap, name, 2, 93)
    assert sorted(offset for partition, offset, _, _ in read if partition == full) == list(range(7, ends[full]))
    both = [TopicPartition(name, partition, confluent_kafka.OFFSET_END) for partition in range(2)]
    done(confluent.delete_records(both))
    assert [offsets(cluster, name, partition) for partition in range(2)] == [(end, end) for end in ends]
    assert Kcat().read(cluster.bootstrap, name, 2, 0) == []


def test_all_topics_are_listed(cluster, confluent, topic):
    """librdkafka's request for all topics is a little too long."""
    names = {topic(), topic()}
    wait_until(lambda: names <= set(confluent.list_topics(timeout=SECONDS).topics), 20, "both topics")
    consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "lister"})
    try:
        assert names <= set(consumer.list_topics(timeout=SECONDS).topics)
    finally:
        consumer.close()


def test_delete_records_with_kafka_python(cluster, python, topic):
    name = topic()
    fill(cluster, name, 20)
    place = kafka.TopicPartition(name, 0)
    assert python.delete_records({place: 5})[place]["low_watermark"] == 5
    assert offsets(cluster, name) == (5, 20)
    with pytest.raises(kafka_errors.OffsetOutOfRangeError):
        python.delete_records({place: 21})
    assert python.delete_records({place: -1})[place]["low_watermark"] == 20


def test_deleted_records_stay_deleted(new_cluster):
    """After the leader's death, and after all nodes have started again."""
    cluster = new_cluster()
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    done(admin.create_topics([confluent_kafka.admin.NewTopic("t", 1)]))
    fill(cluster, "t", 50)
    done(admin.delete_records([TopicPartition("t", 0, 30)]))
    dead = cluster.leader()
    dead.kill()
    wait_until(lambda: cluster.leader() not in (None, dead), 30, "another leader")
    assert offsets(cluster, "t") == (30, 50)
    with Connection(leader_port(kafka_ports(cluster), "t")) as connection:
        assert connection.fetch("t", 0, 29)[0] == OFFSET_OUT_OF_RANGE
        assert connection.fetch("t", 0, 30)[0] == NO_ERROR
    cluster.kill_all()
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(60)
    assert offsets(cluster, "t") == (30, 50)


def lead(cluster, number):
    """Node `number` leads, and every node knows it."""
    if cluster.leader().number != number:
        cluster.change("transfer", "--to", number)
    wait_until(lambda: cluster.leader().number == number, 20, f"node {number} to lead")
    cluster.wait_ready(30)


def test_elect_leaders(cluster, confluent, topic):
    """The preferred leader of every partition is the node with the lowest number."""
    places = [TopicPartition(topic(2), partition) for partition in range(2)]
    for asked in places, None:
        lead(cluster, 3)
        answer = confluent.elect_leaders(ElectionType.PREFERRED, asked).result(SECONDS)
        assert set(places) <= set(answer) and all(answer[place] is None for place in places)
        assert cluster.leader().number == 1
    answer = confluent.elect_leaders(ElectionType.PREFERRED, places).result(SECONDS)
    assert {error.code() for error in answer.values()} == {84}
    assert confluent.elect_leaders(ElectionType.PREFERRED, None).result(SECONDS) == {}
    lead(cluster, 2)
    answer = confluent.elect_leaders(ElectionType.UNCLEAN, places).result(SECONDS)
    assert {error.code() for error in answer.values()} == {84}
    answer = confluent.elect_leaders(ElectionType.PREFERRED, [TopicPartition(places[0].topic, 9)]).result(SECONDS)
    assert {error.code() for error in answer.values()} == {3}
    assert cluster.leader().number == 2


def test_elect_leaders_with_kafka_python(cluster, python, topic):
    name = topic(3)
    lead(cluster, 2)
    answer = python.elect_leaders(0, {name: [0, 1, 2]})
    assert cluster.leader().number == 1, answer
    python.elect_leaders(1, {name: [0]})
    assert cluster.leader().number == 1


def test_describe_topic_partitions(cluster, python, topic):
    partitions = {topic(count): count for count in (3, 1, 2)}
    names = sorted(partitions)
    wanted = [(name, number) for name in names for number in range(partitions[name])]
    for limit in 1, 2, 5, 2000:
        seen, cursor = [], None
        while cursor is not None or not seen:
            answer = python.describe_topic_partitions(names, response_partition_limit=limit, cursor=cursor)
            page = [(described["name"], partition["partition_index"])
                    for described in answer["topics"] for partition in described["partitions"]]
            assert 0 < len(page) <= limit
            seen += page
            cursor = answer["next_cursor"]
        assert seen == wanted
    (described,) = python.describe_topic_partitions(names[:1])["topics"]
    for partition in described["partitions"]:
        assert partition["leader_id"] == cluster.leader().number
        assert sorted(partition["replica_nodes"]) == sorted(partition["isr_nodes"]) == [1, 2, 3]


def test_describe_log_dirs(cluster, python, topic):
    name = topic()
    fill(cluster, name, 1000)

    def sizes():
        found = {}
        for answer in python.describe_log_dirs({name: [0]}):
            (directory,) = answer["log_dirs"]
            assert directory["error_code"] == 0 and directory["log_dir"].startswith("/")
            found[directory["log_dir"]] = [partition["partition_size"] for described in directory["topics"]
                                           for partition in described["partitions"]]
        return found

    wait_until(lambda: len(sizes()) == 3 and len({tuple(size) for size in sizes().values()}) == 1, 20,
               "every node to have the records")
    ((size,),) = {tuple(size) for size in sizes().values()}
    assert size > 3000
    assert len(python.describe_log_dirs()) == 3
