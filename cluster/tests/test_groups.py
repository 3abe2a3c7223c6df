"""Consumer groups, with unmodified clients: partitions are shared out, offsets survive, members come, go and crash."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

import aiokafka
import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient
from kafka.admin import KafkaAdminClient
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from clients import CLIENTS, records
from conftest import kafka_ports
from nodes import require_binary, wait_until
from wire import create_topic

PARTITIONS = 12
SECONDS = 60


# What the classic protocol leaves to the client.
CLASSIC = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}


class Confluent(threading.Thread):
    """A member that reads, and commits by hand what it has read."""

    def __init__(self, bootstrap, topic, group, timing=CLASSIC, **extra):
        super().__init__(daemon=True)
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
            "enable.auto.commit": False, **timing, **extra})
        self.moves = 0
        self.consumer.subscribe([topic], on_assign=self.move, on_revoke=self.move, on_lost=self.move)
        self.owned, self.seen, self.failure = [], [], None
        self.ending = threading.Event()
        self.start()

    def move(self, _consumer, _places):
        self.moves += 1

    def run(self):
        try:
            while not self.ending.is_set():
                message = self.consumer.poll(0.1)
                self.owned = sorted(place.partition for place in self.consumer.assignment())
                if message is None or message.error():
                    continue
                self.seen.append((message.partition(), message.offset(), message.value()))
                self.consumer.commit(message, asynchronous=True)
            self.consumer.close()
        except Exception as error:  # shown by the test
            self.failure = error

    def stop(self):
        self.ending.set()
        self.join(SECONDS)
        assert not self.is_alive() and self.failure is None, self.failure


def shared_out(members):
    """Every partition has one owner, and every member has its share."""
    owned = [partition for member in members for partition in member.owned]
    shares = [len(member.owned) for member in members]
    return sorted(owned) == list(range(PARTITIONS)) and max(shares) - min(shares) <= 1


@pytest.mark.parametrize("assignor", ("range", "roundrobin", "cooperative-sticky"))
def test_five_members_come_and_go(cluster, topic, assignor):
    name, group = topic(PARTITIONS), f"five-{assignor}"
    options = {"partition.assignment.strategy": assignor}
    members = []
    for _ in range(5):
        members.append(Confluent(cluster.bootstrap, name, group, **options))
    wait_until(lambda: shared_out(members), SECONDS, "five members to share out the partitions")
    members.pop().stop()
    wait_until(lambda: shared_out(members), SECONDS, "four members to share out the partitions")
    crashed = subprocess.Popen(
        ["kcat", "-b", cluster.bootstrap, "-G", group, "-X", "session.timeout.ms=6000", "-X",
         f"partition.assignment.strategy={assignor}", name],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: sum(len(member.owned) for member in members) < PARTITIONS, SECONDS, "kcat to get its share")
    finally:
        crashed.kill()
        crashed.wait()
    wait_until(lambda: shared_out(members), SECONDS, "four members to take over what the crashed one had")
    pairs = records(3000)
    CLIENTS[1].write(cluster.bootstrap, name, pairs)
    wait_until(lambda: len({row[:2] for member in members for row in member.seen}) == len(pairs), SECONDS,
               "every record to be read")
    for member in members:
        member.stop()


def consumer_protocol(assignor):
    """KIP-848: the broker assigns."""
    return {"timing": {}, "group.protocol": "consumer", "group.remote.assignor": assignor}


def heartbeats(cluster):
    """Requests of the members of the consumer protocol that the leader has had."""
    page = cluster.leader().get("/metrics")[1].decode()
    name = 'holdfast_kafka_api_requests_total{api="ConsumerGroupHeartbeat"}'
    counts = re.findall(rf"^{re.escape(name)} (\d+)$", page, re.MULTILINE)
    return int(counts[0]) if counts else 0


def wait_heartbeats(cluster, count):
    """Until the leader has had so many more."""
    before = heartbeats(cluster)
    wait_until(lambda: heartbeats(cluster) >= before + count, SECONDS, f"{count} heartbeats")


CRASHING = """
import sys, confluent_kafka
consumer = confluent_kafka.Consumer({"bootstrap.servers": sys.argv[1], "group.id": sys.argv[2],
                                     "group.protocol": "consumer"})
consumer.subscribe([sys.argv[3]])
while True:
    consumer.poll(0.2)
    if consumer.assignment():
        print(len(consumer.assignment()), flush=True)
"""


@pytest.mark.parametrize("assignor", ("uniform", "range"))
def test_five_members_come_and_go_in_the_consumer_protocol(cluster, topic, assignor):
    name, group = topic(PARTITIONS), f"consumer-{assignor}"
    members = []
    for _ in range(5):
        members.append(Confluent(cluster.bootstrap, name, group, **consumer_protocol(assignor)))
    wait_until(lambda: shared_out(members), SECONDS, "five members to share out the partitions")
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    described = admin.describe_consumer_groups([group])[group].result()
    assert described.type.name == "CONSUMER" and len(described.members) == 5
    assert described.partition_assignor == assignor
    members.pop().stop()
    wait_until(lambda: shared_out(members), SECONDS, "four members to share out the partitions")
    crashed = subprocess.Popen([sys.executable, "-c", CRASHING, cluster.bootstrap, group, name],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert int(crashed.stdout.readline()) in (1, 2, 3)
    finally:
        crashed.kill()
        crashed.wait()
    # The session of a member of this protocol is 45 s.
    wait_until(lambda: shared_out(members), 45 + SECONDS, "four members to take over what the crashed one had")
    pairs = records(3000)
    CLIENTS[1].write(cluster.bootstrap, name, pairs)
    wait_until(lambda: len({row[:2] for member in members for row in member.seen}) == len(pairs), SECONDS,
               "every record to be read")
    for member in members:
        member.stop()


def group_type(cluster, group):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    return admin.describe_consumer_groups([group])[group].result(SECONDS).type.name


def wait_read(members, count):
    wait_until(lambda: len({row[:2] for member in members for row in member.seen}) == count, SECONDS,
               "every record to be read")


@pytest.mark.parametrize("assignor", ("range", "cooperative-sticky"))
def test_a_group_changes_its_protocol_one_member_after_the_other(cluster, topic, assignor):
    name, group = topic(PARTITIONS), f"changing-{assignor}"
    classic = {"partition.assignment.strategy": assignor}
    members, written = [], 0

    def replace_all(protocol, options):
        """Rolls over; each time some records are written while the members move."""
        nonlocal written
        for position in range(3):
            leaving = members[position]
            members.append(Confluent(cluster.bootstrap, name, group, **options))
            CLIENTS[1].write(cluster.bootstrap, name, records(300))
            written += 300
            wait_until(lambda: shared_out(members[position:]), SECONDS, f"one more of the {protocol} protocol")
            leaving.stop()
            wait_until(lambda: shared_out(members[position + 1:]), SECONDS, f"{protocol}: one less of the other")
        wait_read(everybody + members, written)
        everybody.extend(members[:3])
        del members[:3]
        assert group_type(cluster, group) == protocol

    everybody = []
    members += [Confluent(cluster.bootstrap, name, group, **classic) for _ in range(3)]
    wait_until(lambda: shared_out(members), SECONDS, "three members to share out the partitions")
    assert group_type(cluster, group) == "CLASSIC"
    replace_all("CONSUMER", consumer_protocol("uniform"))
    replace_all("CLASSIC", classic)
    for member in members:
        member.stop()


class KafkaPython(threading.Thread):
    """A member of the classic protocol."""

    def __init__(self, bootstrap, topic, group):
        super().__init__(daemon=True)
        self.consumer = kafka.KafkaConsumer(
            topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
            session_timeout_ms=6000, heartbeat_interval_ms=500,
            partition_assignment_strategy=[RoundRobinPartitionAssignor])
        self.owned, self.seen = [], []
        self.ending = threading.Event()
        self.start()

    def run(self):
        while not self.ending.is_set():
            for place, messages in self.consumer.poll(timeout_ms=200).items():
                self.seen += [(place.partition, message.offset) for message in messages]
            self.owned = sorted(place.partition for place in self.consumer.assignment())
        self.consumer.close()

    def stop(self):
        self.ending.set()
        self.join(SECONDS)
        assert not self.is_alive()


class Aiokafka(KafkaPython):
    def __init__(self, bootstrap, topic, group):
        threading.Thread.__init__(self, daemon=True)
        self.options = {"bootstrap_servers": bootstrap, "group_id": group, "auto_offset_reset": "earliest",
                        "session_timeout_ms": 6000, "heartbeat_interval_ms": 500}
        self.topic, self.owned, self.seen = topic, [], []
        self.ending = threading.Event()
        self.start()

    def run(self):
        asyncio.run(self.read())

    async def read(self):
        consumer = aiokafka.AIOKafkaConsumer(self.topic, **self.options)
        await consumer.start()
        while not self.ending.is_set():
            for place, messages in (await consumer.getmany(timeout_ms=200)).items():
                self.seen += [(place.partition, message.offset) for message in messages]
            self.owned = sorted(place.partition for place in consumer.assignment())
        await consumer.stop()


def test_members_of_three_clients_and_two_protocols(cluster, topic):
    name, group = topic(PARTITIONS), "of-three-clients"
    new = Confluent(cluster.bootstrap, name, group, **consumer_protocol("uniform"))
    members = [new, KafkaPython(cluster.bootstrap, name, group), Aiokafka(cluster.bootstrap, name, group)]
    wait_until(lambda: shared_out(members), SECONDS, "three members to share out the partitions")
    assert group_type(cluster, group) == "CONSUMER"
    CLIENTS[1].write(cluster.bootstrap, name, records(600))
    wait_read(members, 600)
    new.stop()
    wait_until(lambda: shared_out(members[1:]), SECONDS, "the two others to take over")
    assert group_type(cluster, group) == "CLASSIC"
    CLIENTS[1].write(cluster.bootstrap, name, records(600))
    wait_read(members, 1200)
    for member in members[1:]:
        member.stop()


def test_a_static_member_comes_back_in_the_consumer_protocol(cluster, topic):
    name, group = topic(PARTITIONS), "consumer-static"

    def member(instance):
        return Confluent(cluster.bootstrap, name, group, **consumer_protocol("uniform"),
                         **{"group.instance.id": instance})

    first, second = member("i"), member("j")
    wait_until(lambda: shared_out([first, second]), SECONDS, "two members to share out the partitions")
    owned, moves = first.owned, second.moves
    first.stop()
    wait_heartbeats(cluster, 2)
    again = member("i")
    wait_until(lambda: again.owned == owned, SECONDS, "the member to own what it owned")
    assert second.moves == moves
    for one in (again, second):
        one.stop()


def test_a_pattern_is_evaluated_by_the_brokers(cluster):
    prefix, group = "pattern-" + uuid.uuid4().hex[:8], "by-pattern"
    create_topic(kafka_ports(cluster), f"{prefix}-a", 2)
    create_topic(kafka_ports(cluster), f"not-{prefix}-a", 2)
    member = Confluent(cluster.bootstrap, f"^{prefix}-.*", group, **consumer_protocol("uniform"))
    wait_until(lambda: len(member.owned) == 2, SECONDS, "the member to own the topic that matches")
    create_topic(kafka_ports(cluster), f"{prefix}-b", 3)
    pairs = records(60)
    CLIENTS[1].write(cluster.bootstrap, f"{prefix}-b", pairs)
    wait_until(lambda: len(member.owned) == 5 and len(member.seen) == len(pairs), SECONDS, "the one that came later")
    member.stop()


def test_a_pattern_that_is_not_taken_is_refused(cluster):
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": cluster.bootstrap, "group.id": "no-pattern", "group.protocol": "consumer"})
    # What is none at all, the client refuses by itself.
    consumer.subscribe(["^" + 1_200 * "a"])
    with pytest.raises(confluent_kafka.KafkaException) as refused:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and message.error():
                raise confluent_kafka.KafkaException(message.error())
    assert "The regular expression is not valid" in refused.value.args[0].str()
    consumer.close()


def test_group_commands_know_the_consumer_protocol(cluster, topic):
    name, group = topic(3), "by-command-consumer"
    member = Confluent(cluster.bootstrap, name, group, **consumer_protocol("uniform"))
    wait_until(lambda: len(member.owned) == 3, SECONDS, "the member to own everything")
    code, out, _ = group_command(cluster, "list")
    assert code == 0 and any(line.split() == [group, "Stable", "consumer"] for line in out.splitlines())
    code, out, _ = group_command(cluster, "describe", "--group", group)
    rows = [line.split() for line in out.splitlines() if line.startswith(name)]
    assert code == 0 and len(rows) == 3 and "uniform" in out, out
    code, _, error = group_command(cluster, "delete", "--group", group)
    assert code == 1 and f"group '{group}' has members" in error
    member.stop()
    assert group_command(cluster, "delete", "--group", group)[0] == 0


def test_a_new_leader_moves_nobody_in_the_consumer_protocol(new_cluster):
    cluster = new_cluster()
    CLIENTS[1].write(cluster.bootstrap, "warm", records(1))
    create_topic(kafka_ports(cluster), "led", PARTITIONS)
    members = [Confluent(cluster.bootstrap, "led", "led", **consumer_protocol("uniform")) for _ in range(5)]
    wait_until(lambda: shared_out(members), SECONDS, "five members to share out the partitions")
    before = [(member.moves, member.owned) for member in members]
    cluster.leader().kill()
    pairs = records(3000)
    CLIENTS[1].write(cluster.bootstrap, "led", pairs)
    wait_until(lambda: len({row[:2] for member in members for row in member.seen}) == len(pairs), SECONDS,
               "every record to be read")
    # Two of each.
    wait_heartbeats(cluster, 2 * len(members))
    assert [(member.moves, member.owned) for member in members] == before
    for member in members:
        member.stop()
    again = Confluent(cluster.bootstrap, "led", "led", **consumer_protocol("range"))
    wait_until(lambda: len(again.owned) == PARTITIONS, SECONDS, "one member to own everything")
    again.stop()
    reader = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "led"})
    committed = reader.committed([confluent_kafka.TopicPartition("led", n) for n in range(PARTITIONS)], 30)
    assert sum(place.offset for place in committed) == len(pairs)
    reader.close()
    classic = Confluent(cluster.bootstrap, "led", "led")
    wait_until(lambda: len(classic.owned) == PARTITIONS, SECONDS, "the group to be one of the classic protocol")
    classic.stop()


def test_offsets_survive_the_leader(new_cluster):
    cluster = new_cluster()
    CLIENTS[1].write(cluster.bootstrap, "kept", records(1000))
    group = {"bootstrap.servers": cluster.bootstrap, "group.id": "kept", "auto.offset.reset": "earliest",
             "enable.auto.commit": False}
    first = confluent_kafka.Consumer(group)
    first.subscribe(["kept"])
    count, deadline = 0, time.monotonic() + SECONDS
    while count < 400 and time.monotonic() < deadline:
        message = first.poll(1)
        if message is not None and not message.error():
            count += 1
            last = message
    first.commit(last, asynchronous=False)
    cluster.leader().kill()
    second = confluent_kafka.Consumer(group)
    places = second.committed([confluent_kafka.TopicPartition("kept", 0)], timeout=30)
    assert places[0].offset == 400
    first.close()
    second.subscribe(["kept"])
    while (message := second.poll(1)) is None or message.error():
        assert time.monotonic() < deadline
    assert message.offset() == 400
    second.close()


def test_kcat_balanced_consumer(cluster, topic):
    name, pairs = topic(PARTITIONS), records(500)
    CLIENTS[1].write(cluster.bootstrap, name, pairs)
    command = ["kcat", "-b", cluster.bootstrap, "-G", "kcat-group", "-X", "auto.offset.reset=earliest", "-c",
               str(len(pairs)), "-f", "%k\t%s\n", name]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    assert sorted(tuple(line.split(b"\t")) for line in done.stdout.splitlines()) == sorted(pairs)


def test_kafka_python_group(cluster, topic):
    name, pairs = topic(PARTITIONS), records(500)
    CLIENTS[1].write(cluster.bootstrap, name, pairs)
    options = {"bootstrap_servers": cluster.bootstrap, "group_id": "python-group", "auto_offset_reset": "earliest",
               "enable_auto_commit": False, "consumer_timeout_ms": 10_000}
    consumer = kafka.KafkaConsumer(name, **options)
    found = []
    for message in consumer:
        found.append((message.key, message.value))
        if len(found) == len(pairs):
            break
    consumer.commit()
    consumer.close()
    assert sorted(found) == sorted(pairs)
    again = kafka.KafkaConsumer(name, **{**options, "consumer_timeout_ms": 3000})
    assert list(again) == []
    again.close()


def test_aiokafka_group(cluster, topic):
    name, pairs = topic(PARTITIONS), records(500)
    CLIENTS[1].write(cluster.bootstrap, name, pairs)

    async def read():
        consumer = aiokafka.AIOKafkaConsumer(
            name, bootstrap_servers=cluster.bootstrap, group_id="aio-group", auto_offset_reset="earliest",
            enable_auto_commit=False)
        await consumer.start()
        try:
            found = []
            while len(found) < len(pairs):
                message = await asyncio.wait_for(consumer.getone(), SECONDS)
                found.append((message.key, message.value))
            await consumer.commit()
            return found
        finally:
            await consumer.stop()

    assert sorted(asyncio.run(read())) == sorted(pairs)


def test_admin_sees_groups(cluster, topic):
    name = topic(PARTITIONS)
    CLIENTS[1].write(cluster.bootstrap, name, records(100))
    member = Confluent(cluster.bootstrap, name, "seen-by-admins")
    wait_until(lambda: len(member.owned) == PARTITIONS and member.seen, SECONDS, "the member to own everything")
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    listed = admin.list_consumer_groups(request_timeout=SECONDS).result()
    assert "seen-by-admins" in {group.group_id for group in listed.valid} and not listed.errors
    described = admin.describe_consumer_groups(["seen-by-admins"])["seen-by-admins"].result()
    assert described.state.name == "STABLE" and len(described.members) == 1
    assert len(described.members[0].assignment.topic_partitions) == PARTITIONS
    python = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    assert "seen-by-admins" in str(python.list_groups())
    with pytest.raises(confluent_kafka.KafkaException) as refused:
        admin.delete_consumer_groups(["seen-by-admins"])["seen-by-admins"].result()
    assert refused.value.args[0].code() == confluent_kafka.KafkaError.NON_EMPTY_GROUP
    member.stop()
    offsets = admin.list_consumer_group_offsets(
        [confluent_kafka.ConsumerGroupTopicPartitions("seen-by-admins")])["seen-by-admins"].result()
    assert {place.partition for place in offsets.topic_partitions} <= set(range(PARTITIONS))
    admin.delete_consumer_groups(["seen-by-admins"])["seen-by-admins"].result()
    assert "seen-by-admins" not in str(python.list_groups())
    python.close()


def group_command(cluster, what, *arguments):
    done = subprocess.run([str(require_binary()), "group", what, "--bootstrap", cluster.bootstrap, *arguments],
                          capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout, done.stderr


def test_group_commands(cluster, topic):
    name, group = topic(3), "by-command"
    CLIENTS[1].write(cluster.bootstrap, name, records(90))
    member = Confluent(cluster.bootstrap, name, group)
    wait_until(lambda: len(member.seen) == 90, SECONDS, "everything to be read")
    code, out, _ = group_command(cluster, "list")
    assert code == 0 and any(line.split() == [group, "Stable", "consumer"] for line in out.splitlines())
    code, out, _ = group_command(cluster, "describe", "--group", group)
    rows = [line.split() for line in out.splitlines() if line.startswith(name)]
    assert code == 0 and len(rows) == 3 and all(row[5].startswith("rdkafka-") for row in rows), out
    for what in (("delete",), ("reset-offsets", "--topic", name, "--to", "earliest")):
        code, _, error = group_command(cluster, what[0], "--group", group, *what[1:])
        assert code == 1 and f"group '{group}' has members" in error
    member.stop()
    code, out, _ = group_command(cluster, "reset-offsets", "--group", group, "--topic", name, "--to", "earliest")
    assert code == 0 and len(out.splitlines()) == 4
    code, out, _ = group_command(cluster, "describe", "--group", group)
    rows = [line.split() for line in out.splitlines() if line.startswith(name)]
    assert "Empty" in out and sum(int(row[4]) for row in rows) == 90, out
    leader = cluster.leader()
    page = urllib.request.urlopen(f"http://127.0.0.1:{leader.admin_port}/metrics").read().decode()
    lags = [int(line.split()[-1]) for line in page.splitlines() if f'holdfast_group_lag{{group="{group}"' in line]
    assert sum(lags) == 90 and len(lags) == 3
    status = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{leader.admin_port}/status").read())
    assert {"name": group, "members": 0, "lag": 90}.items() <= next(
        entry for entry in status["groups"] if entry["name"] == group).items()
    code, _, error = group_command(cluster, "reset-offsets", "--group", group, "--topic", name, "--to", "91")
    assert code == 1 and "not 91" in error
    code, _, error = group_command(cluster, "describe", "--group", "nobody's")
    assert code == 1 and "there is no group 'nobody's'" in error
    assert group_command(cluster, "delete", "--group", group)[0] == 0
    assert group not in group_command(cluster, "list")[1]
