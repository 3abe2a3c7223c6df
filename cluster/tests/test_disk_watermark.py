"""Disks low on space (`min-free-bytes`), with unmodified clients: records wait, all else goes on, nothing ends."""

import asyncio
import json
import threading

import aiokafka
import confluent_kafka
import kafka
from confluent_kafka.admin import AdminClient, NewTopic

from conftest import kafka_ports, leave_room, on_small_disks
from history import Writer, judge, read_all
from nodes import wait_until
from test_commands import run
from test_min_insync import metric
from wire import Connection, batch, create_topic, leader_port

SECONDS = 60
KAFKA_STORAGE_ERROR = 56
# Twice a segment of 8 MiB is the watermark that these clusters begin with.
LOW, ROOM, DISK = 12, 100, 400


def leader_says(cluster, is_stopped):
    """The leader, once it takes no records, or takes them again."""
    def found():
        leader = cluster.leader()
        status = leader.status() if leader else None
        return leader if status and status["role"] == "leader" and status["intakeStopped"] == is_stopped else None

    return wait_until(found, SECONDS, "the intake to " + ("stop" if is_stopped else "go on"))


def confluent_writes(bootstrap, topic):
    told = []
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    producer.produce(topic, b"confluent", partition=0, on_delivery=lambda error, _: told.append(error))
    assert producer.flush(SECONDS) == 0 and told == [None], told


def kafka_python_writes(bootstrap, topic):
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    producer.send(topic, b"kafka-python", partition=0).get(SECONDS)
    producer.close(SECONDS)


def aiokafka_writes(bootstrap, topic):
    async def write():
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
            await asyncio.wait_for(producer.send_and_wait(topic, b"aiokafka", partition=0), SECONDS)

    asyncio.run(write())


class Waiting(threading.Thread):
    """A client that is refused for the time being, and must go on by itself."""

    def __init__(self, write, *arguments):
        super().__init__(daemon=True)
        self.call, self.error = lambda: write(*arguments), None

    def run(self):
        try:
            self.call()
        except BaseException as error:  # whatever it is, the test is to show it
            self.error = error


def refused(leader):
    return metric(leader, "holdfast_kafka_refused_for_space_total")


def assert_all_else_works(cluster):
    """Reading, committing offsets and what makes room; `t` holds 20 records."""
    group = {"bootstrap.servers": cluster.bootstrap, "group.id": "g", "auto.offset.reset": "earliest",
             "enable.auto.commit": False}
    consumer = confluent_kafka.Consumer(group)
    consumer.subscribe(["t"])
    found = []
    wait_until(lambda: found.extend(consumer.consume(20, 0.1)) or len(found) == 20, SECONDS, "20 records")
    consumer.commit(found[9], asynchronous=False)
    (committed,) = consumer.committed([confluent_kafka.TopicPartition("t", 0)], SECONDS)
    assert committed.offset == 10
    consumer.close()
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for future in admin.create_topics([NewTopic("small", 1)]).values():
        future.result(SECONDS)
    for future in admin.delete_topics(["small"], operation_timeout=SECONDS).values():
        future.result(SECONDS)
    cut = confluent_kafka.TopicPartition("t", 0, 5)
    for future in admin.delete_records([cut]).values():
        assert future.result(SECONDS).low_watermark == 5


def test_no_node_has_room(small_disk, new_cluster):
    cluster, disks = on_small_disks(new_cluster, small_disk, DISK)
    create_topic(kafka_ports(cluster), "t", 1)
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap})
    for number in range(20):
        producer.produce("t", b"%d" % number, partition=0)
    assert producer.flush(SECONDS) == 0
    for disk in disks.values():
        leave_room(disk, LOW)
    leader = leader_says(cluster, True)
    # The alarm, wherever one may look for it.
    for node in cluster.nodes:
        wait_until(lambda: metric(node, "holdfast_disk_low") == 1, SECONDS, f"the alarm of {node}")
        assert 0 < metric(node, "holdfast_disk_free_bytes") <= LOW << 20 < metric(node, "holdfast_disk_total_bytes")
        code, words = node.get("/health/ready")
        assert code == 200 and b"disk low" in words
        assert "disk is low on space" in node.log_tail(100)
    assert b"no records are taken" in leader.get("/health/ready")[1]
    assert "records are refused" in leader.log_tail(100) and metric(leader, "holdfast_intake_stopped") == 1
    code, out, _ = run("status", "--admin", cluster.admin)
    assert code == 0 and out.count("(low)") == 3 and "no records are taken" in out
    code, out, _ = run("status", "--admin", cluster.admin, "--json")
    assert all(node["disk"]["low"] and node["disk"]["free"] <= LOW << 20 for node in json.loads(out)["nodes"])

    with Connection(leader.kafka_port) as connection:
        for acks in (-1, 1):
            assert connection.produce("t", 0, batch([b"no"]), acks=acks)[0] == KAFKA_STORAGE_ERROR
    waiting = []
    for write in (confluent_writes, kafka_python_writes, aiokafka_writes):
        before = refused(leader)
        waiting.append(Waiting(write, cluster.bootstrap, "t"))
        waiting[-1].start()
        wait_until(lambda: refused(leader) > before, SECONDS, f"{write.__name__} to be refused")
    assert_all_else_works(cluster)
    assert all(client.is_alive() for client in waiting)
    # Whose disk has room last may have handed over leadership before.
    for disk in disks.values():
        leave_room(disk, ROOM)
    leader = leader_says(cluster, False)
    for client in waiting:
        client.join(SECONDS)
        assert not client.is_alive() and client.error is None, client.error
    found = [value for _, _, value in read_all(cluster.bootstrap, "t", 1)[0]]
    assert found[:15] == [b"%d" % number for number in range(5, 20)]
    assert sorted(found[15:]) == [b"aiokafka", b"confluent", b"kafka-python"]
    wait_until(lambda: b"disk" not in leader.get("/health/ready")[1], SECONDS, "the alarm to end")
    assert all(node.pid is not None for node in cluster.nodes)


def test_only_the_leader_is_low(small_disk, new_cluster):
    """Another leads; producers notice nothing, and leadership is not given back before there is room."""
    cluster, disks = on_small_disks(new_cluster, small_disk, DISK)
    create_topic(kafka_ports(cluster), "t", 3)
    old = cluster.leader()
    writer = Writer(cluster.bootstrap, "t", 3, rate=500, size=200)
    writer.allowed = 3_000
    writer.start()
    wait_until(lambda: len(writer.acknowledged) > 200, SECONDS, "acknowledgements")
    leave_room(disks[old.number], LOW)
    new = wait_until(lambda: next((n for n in cluster.nodes if n is not old and n.status()["role"] == "leader"), None),
                     SECONDS, "another leader")
    writer.finish(SECONDS)
    assert not writer.refused
    verdict = judge(writer.acknowledged, writer.allowed, writer.size, read_all(cluster.bootstrap, "t", 3))
    assert verdict.good and verdict.acknowledged == writer.allowed, str(verdict)
    assert "leadership goes to a node with room" in old.log_tail(100) and old.pid is not None
    code, _, words = run("cluster", "transfer", "--to", old.number, "--admin", new.admin)
    assert code != 0 and "low on disk space" in words
    leave_room(disks[old.number], ROOM)
    wait_until(lambda: metric(old, "holdfast_disk_low") == 0, SECONDS, "the disk to have room")

    def leads_again():
        if cluster.leader() is not old:
            run("cluster", "transfer", "--to", old.number, "--admin", cluster.admin)
        return cluster.leader() is old

    wait_until(leads_again, SECONDS, "leadership to go back")


def test_what_is_deleted_makes_room(small_disk, new_cluster):
    """No disk grows: what a topic held is let go of, and records are taken again."""
    cluster, disks = on_small_disks(new_cluster, small_disk, DISK)
    ports = kafka_ports(cluster)
    create_topic(ports, "old", 1)
    writer = Writer(cluster.bootstrap, "old", 1, size=10_000)
    writer.allowed = 6_000
    writer.start()
    writer.finish(SECONDS)
    create_topic(ports, "new", 1)
    for disk in disks.values():
        leave_room(disk, LOW)
    leader_says(cluster, True)
    client = Waiting(confluent_writes, cluster.bootstrap, "new")
    client.start()
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for future in admin.delete_topics(["old"], operation_timeout=SECONDS).values():
        future.result(SECONDS)
    leader_says(cluster, False)
    client.join(SECONDS)
    assert not client.is_alive() and client.error is None, client.error
    with Connection(leader_port(ports, "new")) as connection:
        assert connection.list_offset("new", 0, -1)[2] == 1
