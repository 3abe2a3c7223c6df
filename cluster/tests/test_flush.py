"""`holdfast.flush=async`, with unmodified clients: what is told of it, and what a kill -9 of all nodes leaves."""

import json

import os
import shutil

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from history import read_all
from nodes import wait_until
from test_commands import run
from test_min_insync import metric

SECONDS = 60


@pytest.fixture
def cluster(new_cluster):
    made = new_cluster()
    admin = AdminClient({"bootstrap.servers": made.bootstrap})
    topics = [NewTopic("quick", 1, config={"holdfast.flush": "async"}), NewTopic("safe", 1)]
    for future in admin.create_topics(topics).values():
        future.result(SECONDS)
    return made


def produce(cluster, topic, values):
    """Acknowledged one after the other, so that each has an entry of its own."""
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "linger.ms": 0})
    errors = []
    for value in values:
        producer.produce(topic, value, partition=0, on_delivery=lambda error, _: errors.append(error))
        assert producer.flush(SECONDS) == 0
    assert errors == [None] * len(errors)


def relaxed(node):
    return metric(node, "holdfast_relaxed_entries_total")


def test_only_its_topics_are_relaxed_and_everyone_can_see_which(cluster):
    leader = cluster.leader()
    assert relaxed(leader) == 0
    produce(cluster, "safe", [b"1"])
    assert relaxed(leader) == 0
    produce(cluster, "quick", [b"%d" % number for number in range(10)])
    assert relaxed(leader) == 10
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for topic, value in (("quick", "async"), ("safe", "sync")):
        (described,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
        assert described.result(SECONDS)["holdfast.flush"].value == value
    code, out, _ = run("topic", "describe", "--bootstrap", cluster.bootstrap, "--topic", "quick")
    assert code == 0 and "have a record in memory first" in out and "may lose records" in out
    code, out, _ = run("status", "--admin", cluster.admin, "--json")
    status = json.loads(out)
    assert {one["name"]: one["flush"] for one in status["topics"]} == {"quick": "async", "safe": "sync"}
    assert [node["rejoining"] for node in status["nodes"]] == [False] * 3
    code, out, _ = run("status", "--admin", cluster.admin)
    assert code == 0 and out.count("in memory") == 1
    # While it is in use.
    code, _, words = run("topic", "configure", "quick", "holdfast.flush=sync", "--bootstrap", cluster.bootstrap)
    assert code == 0, words
    produce(cluster, "quick", [b"durable"])
    assert relaxed(leader) == 10
    code, _, words = run("topic", "configure", "quick", "holdfast.flush=later", "--bootstrap",
                         cluster.bootstrap)
    assert code != 0 and "sync" in words and "async" in words


def test_killing_all_processes_loses_nothing(cluster):
    values = [b"%d" % number for number in range(200)]
    produce(cluster, "quick", values)
    cluster.kill_all()
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready()
    assert [value for _, _, value in read_all(cluster.bootstrap, "quick", 1)[0]] == values
    # Their machine is the same: the page cache has kept what they wrote.
    assert [metric(node, "holdfast_rejoining") for node in cluster.nodes] == [0] * 3


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root can show a node another boot")
def test_a_node_whose_machine_has_crashed_rejoins(cluster, tmp_path):
    """What the kernel says of its boot is covered by a file, for one process at a time."""

    def reboot(node, number):
        boot = tmp_path / f"boot-{node.number}-{number}"
        boot.write_text(f"00000000-0000-4000-8000-{node.number:06d}{number:06d}\n")
        command = type(node).serve_command(node)
        script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
        node.serve_command = lambda: ["unshare", "--mount", "sh", "-c", script, str(boot), *command]
        node.start()

    def rejoined(node):
        return "has again what was lost" in node.log.read_text()

    leader = cluster.leader()
    follower = next(node for node in cluster.nodes if node is not leader)
    produce(cluster, "quick", [b"before"])
    follower.kill()
    produce(cluster, "quick", [b"meanwhile"])
    reboot(follower, 1)
    wait_until(lambda: rejoined(follower), SECONDS, "the follower to rejoin")
    cluster.wait_ready()
    assert metric(follower, "holdfast_rejoining") == 0
    produce(cluster, "quick", [b"after"])
    # All machines at once: all of them are needed to elect the one with the most, and are.
    cluster.kill_all()
    for node in cluster.nodes:
        reboot(node, 2)
    cluster.wait_ready()
    wait_until(lambda: all(map(rejoined, cluster.nodes)), SECONDS, "all nodes to rejoin")
    assert [value for _, _, value in read_all(cluster.bootstrap, "quick", 1)[0]] == [b"before", b"meanwhile", b"after"]
    produce(cluster, "quick", [b"later"])
