"""Disks that are full, read-only or damaged, and folders that are not what they should be."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from conftest import OFFSET, kafka_ports, leave_room, on_small_disks
from history import Writer, judge, read_all
from nodes import free_ports, require_binary, wait_until
from wire import create_topic, leader_port

CLUSTER_ID = "11111111-2222-4333-8444-555555555555"
MARK = b"here-is-a-record-of-the-test"


def run(*arguments, seconds=60):
    """One run of the command: (exit code, everything it printed)."""
    done = subprocess.run([str(require_binary()), *map(str, arguments)], capture_output=True, text=True,
                          timeout=seconds, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


class Single:
    """A one-node cluster that is run in the foreground, for what goes wrong at its start."""

    def __init__(self, data):
        self.data = data
        self.ports = free_ports(1, OFFSET + 200)

    def peers(self):
        return f"1=127.0.0.1:{self.ports.of('peer', 1)}"

    def format(self, node=1):
        return run("format", "--data", self.data, "--cluster-id", CLUSTER_ID, "--node-id", node, "--peers",
                   self.peers())

    def serve(self, node=1):
        kafka = f"127.0.0.1:{self.ports.of('kafka', 1)}"
        return run("serve", "--data", self.data, "--node-id", node, "--kafka-listen", kafka, "--kafka-advertise", kafka,
                   "--peer-listen", f"127.0.0.1:{self.ports.of('peer', 1)}", "--admin-listen",
                   f"127.0.0.1:{self.ports.of('admin', 1)}", "--peers", self.peers(), "--kafka-nodes", f"1={kafka}",
                   seconds=20)


@pytest.fixture
def single(scratch):
    return Single(scratch / "data")


def test_format_refuses_a_formatted_folder(single):
    assert single.format()[0] == 0
    before = {path: path.read_bytes() for path in single.data.rglob("*") if path.is_file()}
    code, words = single.format()
    assert code == 1 and str(single.data) in words
    assert before == {path: path.read_bytes() for path in single.data.rglob("*") if path.is_file()}


def test_an_unformatted_folder_is_never_a_fresh_start(single):
    single.data.mkdir()
    code, words = single.serve()
    assert code not in (0, None) and "format" in words
    assert list(single.data.iterdir()) == []


def test_a_missing_folder_is_never_a_fresh_start(single):
    code, words = single.serve()
    assert code != 0 and str(single.data) in words
    assert not single.data.exists()


def test_the_folder_of_another_node_is_refused(single):
    assert single.format()[0] == 0
    code, words = single.serve(node=2)
    assert code != 0 and "node" in words.lower()


@pytest.mark.parametrize("kind", ["kafka", "peer", "admin"])
def test_port_in_use(single, kind):
    assert single.format()[0] == 0
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", single.ports.of(kind, 1)))
        holder.listen()
        code, words = single.serve()
    assert code != 0 and str(single.ports.of(kind, 1)) in words, words


def test_read_only_disk(small_disk, single):
    disk = small_disk(600)
    single.data = disk / "data"
    assert single.format()[0] == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    code, words = single.serve()
    assert code != 0 and str(single.data) in words and "read-only" in words.lower(), words


def test_disk_full_at_the_start(small_disk, single):
    disk = small_disk(1)
    single.data = disk / "data"
    code, words = single.format()
    if code == 0:
        code, words = single.serve()
    assert code != 0 and "no space" in words.lower() and "data" in words, words


def test_disk_full_on_the_leader(small_disk, new_cluster):
    """Without a watermark the leader's write fails: it stops and names the file and the error, another leads, nothing
    acknowledged is lost. With the disk as full as before it does not come up; with room it catches up."""
    cluster, disks = on_small_disks(new_cluster, small_disk, 400, "--min-free-bytes", 0)
    create_topic(kafka_ports(cluster), "much", 3)
    victim = cluster.leader()
    disk = disks[victim.number]
    leave_room(disk, 40)
    writer = Writer(cluster.bootstrap, "much", 3, size=10_000)
    writer.allowed = 15_000
    writer.start()

    def assert_ended():
        wait_until(lambda: victim.pid is None, 60, "the node with the full disk to end")
        said = victim.log_tail(5)
        assert re.search(r"\b[\w-]+/\S+ failed: No space left on device \(errno 28\)", said), said
        assert victim.child.returncode == 1

    assert_ended()
    others = [node for node in cluster.nodes if node is not victim]
    assert wait_until(cluster.leader, 20, "another leader") in others
    victim.start()
    assert_ended()
    writer.finish(120)
    assert not writer.refused, list(writer.refused.items())[:3]
    verdict = judge(writer.acknowledged, writer.allowed, writer.size, read_all(cluster.bootstrap, "much", 3, 120))
    assert verdict.good and verdict.acknowledged == writer.allowed, str(verdict)

    subprocess.run(["mount", "-o", "remount,size=400m", str(disk)], check=True)
    victim.start()
    cluster.wait_ready(120)
    assert all(code == 0 for code in cluster.stop_all().values())
    code, words = run("verify", *(node.data for node in cluster.nodes))
    assert code == 0, words


def log_files(data):
    return sorted(path for path in Path(data).rglob("*.log") if path.is_file())


def marks(path):
    """Where the test's records are in a segment."""
    data, found, at = path.read_bytes(), [], -1
    while (at := data.find(MARK, at + 1)) >= 0:
        found.append(at)
    return found


def fill(cluster, count=3000, topic="marked"):
    """Writes `count` records in many entries of the log, not in a few large ones."""
    from confluent_kafka import Producer
    create_topic(kafka_ports(cluster), topic, 1)
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "batch.num.messages": 10})
    failures = []
    for number in range(count):
        producer.produce(topic, MARK + b" %d " % number + b"x" * 500, b"%d" % number, partition=0,
                         on_delivery=lambda error, _: failures.append(str(error)) if error else None)
        producer.poll(0)
        if number % 100 == 99:
            assert producer.flush(60) == 0
    assert producer.flush(60) == 0 and not failures, failures[:3]


def flip(path):
    at = marks(path)[len(marks(path)) // 2]
    with open(path, "r+b") as segment:
        segment.seek(at)
        byte = segment.read(1)[0]
        segment.seek(at)
        segment.write(bytes([byte ^ 0x10]))


def zero(path):
    at = marks(path)[len(marks(path)) // 2] & ~4095
    with open(path, "r+b") as segment:
        segment.seek(at)
        segment.write(bytes(4096))


def cut(path):
    os.truncate(path, marks(path)[len(marks(path)) // 2])


def damaged(node):
    """The entries that it names when it starts."""
    found = re.findall(r"(?:entry|entries) (\d+)(?: to (\d+))?: ", node.log_tail(400))
    return {entry for first, last in found for entry in range(int(first), int(last or first) + 1)}


def repaired(node):
    """The entries that it says it has had from the others. There may be several stretches of them."""
    found = re.findall(r'"damaged entries repaired" first=(\d+) last=(\d+)', node.log_tail(400))
    return {entry for first, last in found for entry in range(int(first), int(last) + 1)}


@pytest.mark.parametrize("damage", [flip, zero, cut], ids=["bit flipped", "block zeroed", "cut short"])
def test_damaged_segment(new_cluster, damage):
    """`verify` names the file; the node does, too, and gets what it lacks from the others, which serve meanwhile."""
    cluster = new_cluster()
    fill(cluster)
    assert all(code == 0 for code in cluster.stop_all().values())
    victim = cluster.node(1)
    code, words = run("verify", victim.data)
    assert code == 0, words
    segment = max(log_files(victim.data), key=lambda path: len(marks(path)))
    assert marks(segment), f"no record of the test is stored in clear in {log_files(victim.data)}"
    damage(segment)
    code, words = run("verify", victim.data)
    assert code != 0 and segment.name in words, words

    for node in cluster.nodes:
        node.start()
    others = [node for node in cluster.nodes if node is not victim]
    cluster.wait_ready(60, others)
    leader_port([node.kafka_port for node in others], "marked")
    found = read_all(",".join(node.bootstrap for node in others), "marked", 1)[0]
    assert [int(key) for _, key, _ in found] == list(range(3000))
    assert all(value == MARK + b" %d " % i + b"x" * 500 for i, (_, _, value) in enumerate(found))
    assert damaged(victim) and segment.name in victim.log_tail(400)
    wait_until(lambda: damaged(victim) <= repaired(victim), 60, "the damaged node to be repaired")
    cluster.wait_ready(60)
    assert all(code == 0 for code in cluster.stop_all().values())
    code, words = run("verify", victim.data)
    assert code == 0, words


def noops(path):
    """Where the first entries of leaders begin in a segment, in order: each has a term of its own."""
    content = path.read_bytes()
    found = [match.start() for match in re.finditer(b"HFe1", content)]
    return [at for at in found if content[at + 88] == 0]


def test_damage_that_hides_terms(new_cluster):
    """The node could not know the terms of what it lacked. When it has them it begins again with them, by itself."""
    cluster = new_cluster()
    fill(cluster, 100)
    for _ in range(6):
        target = next(node for node in cluster.nodes if node is not cluster.leader())
        cluster.change("transfer", "--to", target.number)
    fill(cluster, 100, "later")
    assert all(code == 0 for code in cluster.stop_all().values())
    victim = cluster.node(1)
    segment = log_files(victim.data)[-1]
    starts = noops(segment)
    with open(segment, "r+b") as handle:
        handle.seek(starts[1])
        handle.write(bytes(starts[5] - starts[1]))
    for node in cluster.nodes:
        node.start()
    process = victim.pid
    wait_until(lambda: "begins again" in victim.log_tail(400), 60, "the node to begin again")
    cluster.wait_ready(60)
    assert victim.pid == process and " repaired" in victim.log_tail(400)
    for topic in "marked", "later":
        assert [int(key) for _, key, _ in read_all(cluster.bootstrap, topic, 1)[0]] == list(range(100))
    assert all(code == 0 for code in cluster.stop_all().values())
    code, words = run("verify", victim.data)
    assert code == 0, words


def test_verify_of_what_is_not_a_log(scratch):
    code, words = run("verify", scratch)
    assert code != 0 and str(scratch) in words
    code, words = run("verify", scratch / "nowhere")
    assert code != 0 and "nowhere" in words


def test_logs_of_all_nodes_agree(new_cluster):
    """After a clean stop all three verify, whatever they went through."""
    cluster = new_cluster()
    fill(cluster, 500)
    cluster.leader().kill()
    wait_until(cluster.leader, 20, "a new leader")
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(60)
    fill(cluster, 500)
    assert all(code == 0 for code in cluster.stop_all().values())
    code, words = run("verify", *(node.data for node in cluster.nodes))
    assert code == 0, words
