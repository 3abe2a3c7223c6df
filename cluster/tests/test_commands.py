"""The command line and the admin port."""

import json
import os
import re
import subprocess

import pytest

from conftest import OFFSET, kafka_ports
from nodes import REPOSITORY, free_ports, require_binary, wait_until
from wire import Connection, batch, leader_port


def run(*arguments, stdin=None, seconds=60):
    done = subprocess.run([str(require_binary()), *map(str, arguments)], capture_output=True, text=True, input=stdin,
                          timeout=seconds)
    return done.returncode, done.stdout, done.stderr


COMMANDS = ["serve", "format", "health", "status", "topic", "group", "quota", "produce", "consume", "outcome", "bench",
            "verify"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    code, out, _ = run(command, "--help")
    assert code == 0 and command in out and "--" in out


def test_serve_help_names_every_setting():
    out = run("serve", "--help")[1]
    for name in ("data", "node-id", "kafka-listen", "kafka-advertise", "peer-listen", "admin-listen", "peers",
                 "kafka-nodes", "default-partitions", "auto-create-topics", "min-free-bytes", "config"):
        assert f"--{name}" in out, f"--{name} is not explained"


DATA, NODE, PEERS = "--data nowhere", "--node-id 1", "--peers 1=127.0.0.1:7001"


@pytest.mark.parametrize("arguments, named", [
    ("nonsense", ["nonsense"]),
    (f"serve {DATA} {NODE} {PEERS} --no-such-flag 1", ["no-such-flag"]),
    (f"serve {DATA} {PEERS}", ["node-id"]),
    (f"serve {DATA} {PEERS} --node-id many", ["node-id", "many"]),
    (f"serve {DATA} {PEERS} --node-id 2", ["peers", "2"]),
    (f"serve {DATA} {NODE} {PEERS} {NODE}", ["node-id"]),
    (f"serve {DATA} {NODE} {PEERS} --default-partitions -3", ["default-partitions", "-3"]),
    (f"serve {DATA} {NODE} {PEERS} --auto-create-topics maybe", ["auto-create-topics", "maybe"]),
    (f"serve {DATA} {NODE} {PEERS} --kafka-listen 127.0.0.1:99999", ["kafka-listen", "127.0.0.1:99999"]),
    (f"serve {DATA} {NODE} --peers 1=nowhere", ["peers", "1=nowhere"]),
    (f"format {DATA} {NODE} {PEERS} --cluster-id not-a-uuid", ["cluster-id", "not-a-uuid"]),
    (f"format {DATA} {NODE} {PEERS}", ["cluster-id"]),
    (f"serve {DATA} {NODE} {PEERS} --group-rebalance-delay-ms -1", ["group-rebalance-delay-ms", "-1"]),
    (f"serve {DATA} {NODE} {PEERS} --group-min-session-ms 0", ["group-min-session-ms", "0"]),
    ("topic configure --bootstrap 127.0.0.1:1", ["NAME"]),
    ("topic configure --bootstrap 127.0.0.1:1 t", ["nothing"]),
    ("topic configure --bootstrap 127.0.0.1:1 t retention.ms", ["retention.ms"]),
    ("group describe --bootstrap 127.0.0.1:1", ["group"]),
    ("group reset-offsets --bootstrap 127.0.0.1:1 --group g --topic t --to soon", ["to", "soon"]),
    ("quota set --bootstrap 127.0.0.1:1 producer_byte_rate=1", ["whom"]),
    ("quota set --bootstrap 127.0.0.1:1 --client c", ["nothing"]),
    ("quota set --bootstrap 127.0.0.1:1 --client c --any-client producer_byte_rate=1", ["client", "any-client"]),
    ("quota set --bootstrap 127.0.0.1:1 --client c producer_byte_rate", ["producer_byte_rate"]),
    ("quota set --bootstrap 127.0.0.1:1 --client c producer_byte_rate=-1", ["producer_byte_rate", "-1"]),
    ("status", ["admin"]),
    ("status --admin nowhere", ["admin", "nowhere"]),
    ("health --admin nowhere", ["admin", "nowhere"]),
    ("health --admin 127.0.0.1:1,127.0.0.1:2", ["admin", "127.0.0.1:1,127.0.0.1:2"]),
])
def test_wrong_arguments_are_refused_by_name(arguments, named, scratch):
    """Exit code 2, and the first line, before any usage text, names the argument and what was wrong with it."""
    done = subprocess.run([str(require_binary()), *arguments.split()], capture_output=True, text=True, timeout=60,
                          cwd=scratch, stdin=subprocess.DEVNULL)
    first = done.stderr.partition("\n")[0]
    assert done.returncode == 2 and all(word in first for word in named), (done.returncode, done.stderr)
    assert list(scratch.iterdir()) == []


def test_unknown_setting_in_a_file_is_refused_by_name(scratch):
    (scratch / "holdfast.conf").write_text("# ours\nno-such-setting = 1\n")
    code, out, err = run("serve", "--config", scratch / "holdfast.conf")
    assert code != 0 and "no-such-setting" in out + err


def test_status_for_programs(cluster):
    code, out, err = run("status", "--admin", cluster.admin, "--json")
    assert code == 0, err
    status = json.loads(out)
    leader = cluster.leader()
    assert status["leader"] == leader.number
    assert status["term"] == leader.status()["term"]
    assert sorted(node["id"] for node in status["nodes"]) == [1, 2, 3]
    for node in status["nodes"]:
        assert node["ready"] and node["reachable"]
        assert node["applied"] <= node["commit"] <= node["last"]
    assert [node["id"] for node in status["nodes"] if node["role"] == "leader"] == [leader.number]


def test_status_for_people(cluster):
    code, out, err = run("status", "--admin", cluster.admin)
    assert code == 0, err
    assert "leader" in out and all(str(node.number) in out for node in cluster.nodes)


def test_status_when_a_node_is_down(cluster):
    follower = next(node for node in cluster.nodes if node is not cluster.leader())
    follower.kill()
    _, out, _ = run("status", "--admin", cluster.admin, "--json")
    nodes = {node["id"]: node for node in json.loads(out)["nodes"]}
    assert [number for number, node in nodes.items() if node["reachable"]] \
        == [node.number for node in cluster.nodes if node is not follower]


def test_topic_produce_and_consume(cluster):
    bootstrap = ["--bootstrap", cluster.nodes[0].bootstrap]
    code, out, err = run("topic", "create", *bootstrap, "--topic", "by-hand", "--partitions", "2")
    assert code == 0, out + err
    assert "by-hand" in run("topic", "list", *bootstrap)[1]
    assert "by-hand" in run("topic", "describe", *bootstrap, "--topic", "by-hand")[1]
    code, out, err = run("produce", *bootstrap, "--topic", "by-hand", stdin="one\ntwo\nthree\n")
    assert code == 0, err
    code, out, err = run("consume", *bootstrap, "--topic", "by-hand", "--from-beginning", "--count", "3")
    assert code == 0 and sorted(out.split()) == ["one", "three", "two"], err
    assert run("topic", "delete", *bootstrap, "--topic", "by-hand")[0] == 0
    assert "by-hand" not in run("topic", "list", *bootstrap)[1]
    assert run("topic", "describe", *bootstrap, "--topic", "by-hand")[0] != 0


def test_topic_configure(cluster):
    bootstrap = ["--bootstrap", cluster.bootstrap]
    assert run("topic", "create", *bootstrap, "--topic", "tuned", "--config", "segment.ms=5")[0] == 0

    def settings():
        page = run("topic", "describe", *bootstrap, "--topic", "tuned")[1]
        return dict(line.split() for line in page.splitlines() if line.count(".ms ") or line.count(".bytes "))

    code, out, err = run("topic", "configure", *bootstrap, "tuned", "retention.ms=60000", "max.message.bytes=100",
                         "--delete", "segment.ms")
    assert code == 0 and "tuned" in out, err
    wait_until(lambda: settings() == {"retention.ms": "60000", "max.message.bytes": "100"}, 20, "the settings")
    code, _, err = run("topic", "configure", *bootstrap, "tuned", "retention.ms=soon")
    assert code == 1 and "retention.ms" in err and "soon" in err
    code, _, err = run("topic", "configure", *bootstrap, "missing", "retention.ms=1")
    assert code == 1 and "missing" in err


def test_metrics(cluster, topic):
    name = topic()
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        connection.produce(name, 0, batch([b"counted"]))
    for node in cluster.nodes:
        status, body = node.get("/metrics")
        assert status == 200
        lines = body.decode().splitlines()
        # Prometheus' text format: comments, or a name, labels and a number.
        sample = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)$")
        assert all(line.startswith("#") or not line or sample.match(line) for line in lines)
        text = body.decode().lower()
        for word in ("term", "commit", "applied", "fsync", "connections", "bytes", "error", "bucket"):
            assert word in text, f"no metric with '{word}' in its name"
    leader = cluster.leader().get("/metrics")[1].decode()
    produced = re.findall(r'^holdfast_kafka_api_requests_total\{api="Produce"\} (\d+)$', leader, re.MULTILINE)
    assert int(*produced) >= 1


def test_scripts_refuse_wrong_arguments_by_name():
    for script in ("up", "down", "status", "kill", "start", "demo", "bench", "test"):
        command = str(REPOSITORY / "cluster" / script)
        node = ["1"] if script in ("kill", "start") else []
        done = subprocess.run([command, *node, "--no-such-flag"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "--no-such-flag" in done.stderr, script
        done = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and f"cluster/{script}" in done.stdout, script


def test_scripts_pass_shellcheck():
    scripts = [path for path in (REPOSITORY / "cluster").iterdir() if path.is_file()]
    scripts += [*REPOSITORY.glob("cluster/lib/*.sh"), *REPOSITORY.glob("docker/*.sh"), REPOSITORY / ".ci" / "run"]
    done = subprocess.run(["shellcheck", "-x", *map(str, scripts)], capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout


def test_up_down_kill_and_start(scratch):
    """The scripts a person uses, each of them twice."""
    ports = free_ports(3, OFFSET + 300)
    environment = {**os.environ, "CLUSTER_ROOT": str(scratch), "CLUSTER_NAME": "mine",
                   "CLUSTER_PORT_OFFSET": str(ports.offset)}

    def script(name, *arguments):
        return subprocess.run([str(REPOSITORY / "cluster" / name), *arguments], capture_output=True, text=True,
                              timeout=120, env=environment)

    try:
        for _ in range(2):
            done = script("up")
            assert done.returncode == 0, done.stderr
            assert f"127.0.0.1:{ports.of('kafka', 3)}" in done.stdout and "kcat" in done.stdout
        assert script("status").returncode == 0
        assert "not between" not in script("kill", "leader").stdout
        assert script("status").returncode == 1
        assert "there is no node 7" in script("kill", "7").stderr
        assert script("up").returncode == 0
        assert script("kill", "2").returncode == 0 and "was not running" in script("kill", "2").stdout
        for _ in range(2):
            assert script("start", "2").returncode == 0
        assert script("status").returncode == 0
        refused = script("up", "--nodes", "5")
        assert refused.returncode == 1 and "--nodes 5" in refused.stderr
        for _ in range(2):
            assert script("down").returncode == 0
        assert script("up", "--fresh").returncode == 0
    finally:
        gone = script("down", "--delete")
        assert gone.returncode == 0, gone.stderr
