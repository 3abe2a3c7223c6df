"""`holdfast.acks.leader=allow`, with unmodified clients: acks=1 is the leader's word alone, and nothing else is."""

import json
import signal

import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from history import read_all
from nodes import wait_until
from test_commands import run
from test_min_insync import followers, metric

SECONDS = 60
# A leader that hears of no majority gives up after an election timeout; the tests want to be done before.
PATIENT = ("--election-ms", "6000")


@pytest.fixture
def cluster(new_cluster):
    made = new_cluster(serve_options=PATIENT)
    admin = AdminClient({"bootstrap.servers": made.bootstrap})
    topics = [NewTopic("alone", 1, config={"holdfast.acks.leader": "allow"}), NewTopic("plain", 1)]
    for future in admin.create_topics(topics).values():
        future.result(SECONDS)
    return made


class Confluent:
    """Told of each record: (error, offset)."""

    def __init__(self, cluster, acks, **settings):
        self.told = []
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": cluster.bootstrap, "acks": acks, "enable.idempotence": False, "linger.ms": 0,
            **settings})

    def send(self, topic, value):
        self.producer.produce(topic, value, partition=0, on_delivery=lambda error, message: self.told.append(
            (error, message.offset())))

    def wait(self, seconds=SECONDS):
        return self.producer.flush(seconds)


def stopped(nodes, is_stopped):
    for node in nodes:
        node.signal(signal.SIGSTOP if is_stopped else signal.SIGCONT)


def test_followers_stand_still(cluster):
    leader = cluster.leader()
    alone, plain, safe = Confluent(cluster, 1), Confluent(cluster, 1), Confluent(cluster, "all")
    idempotent = Confluent(cluster, "all", **{"enable.idempotence": True})
    python = kafka.KafkaProducer(bootstrap_servers=cluster.bootstrap, acks=1, enable_idempotence=False)
    # All of them know the leader by now.
    for client, topic in ((alone, "alone"), (plain, "plain"), (safe, "alone"), (idempotent, "alone")):
        client.send(topic, b"first")
        assert client.wait() == 0
        client.told.clear()
    python.send("alone", b"first", partition=0).get(SECONDS)
    before, upgraded = (metric(leader, f"holdfast_kafka_{name}_acks_total") for name in ("leader", "upgraded"))
    still = followers(cluster)
    stopped(still, True)
    try:
        for number in range(10):
            alone.send("alone", b"alone %d" % number)
            assert alone.wait(3) == 0 and alone.told.pop()[0] is None
        python.send("alone", b"python", partition=0).get(3)
        for client, topic in ((plain, "plain"), (safe, "alone"), (idempotent, "alone")):
            client.send(topic, b"later")
            assert client.wait(0.5) == 1 and not client.told
        assert metric(leader, "holdfast_kafka_leader_acks_total") == before + 11
        wait_until(lambda: metric(leader, "holdfast_kafka_upgraded_acks_total") == upgraded + 1, 3, "the upgrade")
        # What only the leader has, no consumer sees.
        assert {one["name"]: one["records"] for one in leader.status()["topics"]} == {"alone": 4, "plain": 1}
        assert cluster.leader() is leader, "the test took too long for what it wants to show"
    finally:
        stopped(still, False)
    for client in (plain, safe, idempotent):
        assert client.wait() == 0 and client.told[0][0] is None
    values = [value for _, _, value in read_all(cluster.bootstrap, "alone", 1)[0]]
    assert values[4:15] == [b"alone %d" % number for number in range(10)] + [b"python"]
    assert values[15:] == [b"later"] * 2


def test_what_is_told_of_it(cluster):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for topic, value in (("alone", "allow"), ("plain", "deny")):
        (described,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
        assert described.result(SECONDS)["holdfast.acks.leader"].value == value
    code, out, _ = run("topic", "describe", "--bootstrap", cluster.bootstrap, "--topic", "alone")
    assert code == 0 and "acks=1: the leader alone" in out and "holdfast.acks.leader" in out
    code, out, _ = run("status", "--admin", cluster.admin)
    assert code == 0 and out.count("acks=1: leader") == 1
    code, out, _ = run("status", "--admin", cluster.admin, "--json")
    assert {one["name"]: one["leaderAcks"] for one in json.loads(out)["topics"]} == {"alone": True, "plain": False}
    # While it is in use: from now on acks=1 is the majority's word here, too.
    client = Confluent(cluster, 1)
    client.send("alone", b"first")
    assert client.wait() == 0
    leader = cluster.leader()
    before = metric(leader, "holdfast_kafka_leader_acks_total")
    code, _, words = run("topic", "configure", "alone", "--bootstrap", cluster.bootstrap, "--delete",
                         "holdfast.acks.leader")
    assert code == 0, words
    client.send("alone", b"second")
    assert client.wait() == 0
    assert metric(leader, "holdfast_kafka_leader_acks_total") == before
    assert metric(leader, "holdfast_kafka_upgraded_acks_total") >= 1
