"""Nodes come and go while records are written; a node that lost its data comes back only by being seeded again."""

import json
import shutil
import subprocess

import pytest

from history import Writer, judge, read_all
from nodes import ClusterError, Node, require_binary, wait_until
from wire import Connection, create_topic

PARTITIONS = 3


@pytest.fixture
def growing(new_cluster):
    cluster = new_cluster()
    create_topic([node.kafka_port for node in cluster.nodes], "t", PARTITIONS)
    return cluster


def start_writer(cluster, rate=6000):
    writer = Writer(cluster.bootstrap, "t", PARTITIONS, rate=rate)
    writer.allowed = 1 << 30
    writer.start()
    return writer


def wait_more(writer, count=1500, seconds=60):
    goal = len(writer.acknowledged) + count
    wait_until(lambda: len(writer.acknowledged) >= goal or writer.fatal, seconds, f"{count} more acknowledgements")
    assert writer.fatal is None


def finish_and_judge(cluster, writer):
    writer.allowed = len(writer.sent_at) + 500
    writer.finish(90)
    assert not writer.refused, list(writer.refused.items())[:3]
    found = read_all(cluster.bootstrap, "t", PARTITIONS)
    verdict = judge(writer.acknowledged, writer.allowed, writer.size, found)
    assert len(writer.acknowledged) == writer.allowed and verdict.good, str(verdict)


def brokers(node):
    with Connection(node.kafka_port) as connection:
        return sorted(connection.metadata(["t"])["brokers"])


def voters(cluster):
    return cluster.leader().status()["voters"]


def test_three_to_five_and_back_while_records_are_written(growing):
    """Grown by two, shrunk by two founders, one of which leads: nothing acknowledged is lost, doubled or reordered."""
    cluster = growing
    writer = start_writer(cluster)
    wait_more(writer)
    for number in (4, 5):
        assert cluster.grow().number == number
        wait_more(writer)
    assert voters(cluster) == [1, 2, 3, 4, 5]
    wait_until(lambda: all(brokers(node) == [1, 2, 3, 4, 5] for node in cluster.nodes), 10, "metadata with all nodes")
    # Five live without two.
    lost = [node for node in cluster.nodes if node is not cluster.leader()][:2]
    for node in lost:
        node.kill()
    wait_more(writer)
    for node in lost:
        node.start()
    cluster.wait_ready(60)
    first = wait_until(cluster.leader, 20, "a leader")
    cluster.shrink(first)
    assert first.child.returncode == 0, "a removed node ends cleanly"
    assert "removed from the cluster" in first.log_tail(40)
    wait_more(writer)
    second = next(node for node in cluster.nodes if node.number <= 3 and node is not cluster.leader())
    term = cluster.leader().status()["term"]
    cluster.shrink(second)
    wait_more(writer)
    assert cluster.leader().status()["term"] == term, "removing a follower disturbs nobody"
    left = sorted(node.number for node in cluster.nodes)
    assert voters(cluster) == left and len(left) == 3
    wait_until(lambda: all(brokers(node) == left for node in cluster.nodes), 10, "metadata without the removed")
    finish_and_judge(cluster, writer)
    # All from disk again: who the members are, and where, is in the log.
    cluster.kill_all()
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(60)
    assert voters(cluster) == left
    # A removed node that is started again is told again.
    second.start()
    second.wait_gone(20)
    assert second.child.returncode == 0 and cluster.leader().status()["voters"] == left


def run_to_its_end(node, seconds=30):
    """Exit code and log of a node that is expected to refuse."""
    node.start()
    node.wait_gone(seconds)
    return node.child.returncode, node.log_tail(5)


def test_a_node_without_its_data_is_seeded_again(growing):
    cluster = growing
    writer = start_writer(cluster)
    wait_more(writer)
    node = next(node for node in cluster.nodes if node is not cluster.leader())
    node.kill()
    shutil.rmtree(node.data)
    # Neither without a directory, nor with an empty one.
    assert run_to_its_end(node)[0] == 1
    node.data.mkdir()
    code, log = run_to_its_end(node)
    assert code == 1 and "format --join" in log and "cluster remove" in log, log
    # Formatted as if it were new: the others know it with another directory.
    shape = cluster.shape
    done = subprocess.run(
        [str(require_binary()), "format", "--data", str(node.data), "--cluster-id", shape.cluster_id, "--node-id",
         str(node.number), "--peers", shape.address_list("peer")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code, log = run_to_its_end(node)
    assert code == 1 and "another data directory" in log and "format --join" in log, log
    wait_more(writer)
    cluster.reseed(node)
    assert voters(cluster) == [1, 2, 3]
    wait_more(writer)
    # It holds everything: with another one gone, it is half of the majority.
    other = next(n for n in cluster.nodes if n is not cluster.leader() and n is not node)
    other.kill()
    wait_more(writer)
    other.start()
    cluster.wait_ready(60)
    finish_and_judge(cluster, writer)


def test_leadership_goes_where_it_is_sent(growing):
    cluster = growing
    writer = start_writer(cluster)
    wait_more(writer)
    for _ in range(4):
        target = next(node for node in cluster.nodes if node is not cluster.leader())
        cluster.change("transfer", "--to", target.number)
        assert cluster.leader() is target
        wait_more(writer, 500)
    finish_and_judge(cluster, writer)


ADDRESSES = ["--peer", "127.0.0.1:9", "--kafka", "127.0.0.1:10"]


@pytest.mark.parametrize("words, named", [
    (["add", "--node", 1, *ADDRESSES], "already"),
    (["remove", "--node", 9], "not a member"),
    (["promote", "--node", 9], "not a member"),
    (["promote", "--node", 2], "already"),
    (["transfer", "--to", 9], "not a member"),
    (["add", "--node", 9, "--peer", "nowhere", "--kafka", "127.0.0.1:10"], "--peer 'nowhere' is not HOST:PORT"),
    (["add", "--node", 9, "--peer", "127.0.0.1:9"], "--kafka is required"),
    (["add", "--node", 0, *ADDRESSES], "--node '0'"),
])
def test_wrong_changes_are_refused_in_words(cluster, words, named):
    with pytest.raises(ClusterError, match=named):
        cluster.change(*words)
    assert cluster.leader().status()["voters"] == [1, 2, 3]


@pytest.mark.parametrize("body, status", [
    ("", 400), ("[]", 400), ("{", 400), ('{"node": "1"}', 400), ('{"node": 1, "why": 2}', 400), ('{"node": 77}', 404),
    ('{"node": 4294967297}', 400),
])
def test_the_admin_port_refuses_bad_requests(cluster, body, status):
    """Each node answers, whoever leads."""
    for node in cluster.nodes:
        assert post(node, "/cluster/remove", body)[0] == status
    assert post(cluster.nodes[0], "/cluster/nonsense", '{"node": 1}')[0] == 404
    assert cluster.nodes[0].get("/cluster/remove")[0] == 405


def post(node: Node, path, body):
    done = subprocess.run(["curl", "-s", "-o", "-", "-w", "\n%{http_code}", "-X", "POST", "-d", body,
                           f"http://{node.admin}{path}"], capture_output=True, text=True, timeout=30)
    text, _, code = done.stdout.rpartition("\n")
    if code != "405":
        assert "error" in json.loads(text), text
    return int(code), text


def test_what_would_stop_the_cluster_is_refused(new_cluster):
    cluster = new_cluster()
    leader = cluster.leader()
    down, up = [node for node in cluster.nodes if node is not leader]
    down.kill()
    with pytest.raises(ClusterError, match="start the others first"):
        cluster.change("remove", "--node", up.number, "--timeout-ms", 1000)
    # The one that is down may go.
    cluster.change("remove", "--node", down.number)
    # Of two voters the one that leads may go on alone, and no further.
    up.kill()
    cluster.change("remove", "--node", up.number)
    with pytest.raises(ClusterError, match="only voter"):
        cluster.change("remove", "--node", leader.number)


def test_without_a_majority_nothing_is_changed(new_cluster):
    cluster = new_cluster()
    leader = cluster.leader()
    down, other = [node for node in cluster.nodes if node is not leader]
    down.kill()
    other.kill()
    with pytest.raises(ClusterError, match="no leader|start the others first|not committed|leadership was lost"):
        cluster.change("remove", "--node", down.number, "--timeout-ms", 3000)
    down.start()
    other.start()
    cluster.wait_ready(60)
    assert voters(cluster) == [1, 2, 3]


def test_an_added_node_that_never_comes_is_not_promoted(cluster):
    with pytest.raises(ClusterError, match="entries up to 0"):
        cluster.change("add", "--node", 9, *ADDRESSES, "--wait-s", 2)
    status = cluster.leader().status()
    assert status["learners"] == [9] and status["voters"] == [1, 2, 3]
    cluster.change("remove", "--node", 9)
    assert cluster.leader().status()["learners"] == []
