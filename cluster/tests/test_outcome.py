"""Did it commit? Asked of the command and of the admin port, about what unmodified clients have produced."""

import json
import struct
import urllib.error
import urllib.parse
import urllib.request

import confluent_kafka
import pytest

from conftest import kafka_ports
from test_commands import run
from wire import Connection, batch, leader_port

SECONDS = 60


def admins(cluster):
    return ",".join(f"127.0.0.1:{node.admin_port}" for node in cluster.nodes)


def outcome(cluster, topic, producer_id, epoch, sequence, *more, partition=0):
    code, out, err = run(
        "outcome", "--admin", admins(cluster), "--topic", topic, "--partition", partition, "--producer-id", producer_id,
        "--epoch", epoch, "--sequence", sequence, "--json", *more)
    assert code == 0, err
    return json.loads(out)


def get(node, **parameters):
    query = urllib.parse.urlencode({name.replace("_", "-"): value for name, value in parameters.items()})
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{node.admin_port}/outcome?{query}", timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def stored(cluster, topic):
    """(base offset, producer id, epoch, base sequence, records) of each batch."""
    found, offset = [], 0
    with Connection(leader_port(kafka_ports(cluster), topic)) as connection:
        while True:
            data = connection.fetch(topic, 0, offset)[2]
            if not data:
                return found
            at = 0
            while len(data) - at >= 61 and len(data) - at >= struct.unpack_from(">i", data, at + 8)[0] + 12:
                base, length = struct.unpack_from(">qi", data, at)
                producer_id, epoch, sequence, count = struct.unpack_from(">qhii", data, at + 43)
                if base >= offset:
                    found.append((base, producer_id, epoch, sequence, count))
                at += length + 12
            offset = found[-1][0] + found[-1][4]


def test_what_a_client_was_told_is_what_is_answered(cluster, topic):
    """Every record that librdkafka was told of is committed at the offset it was told."""
    name = topic()
    told = []
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": cluster.bootstrap, "enable.idempotence": True, "linger.ms": 0, "batch.num.messages": 3})
    for number in range(60):
        producer.produce(name, b"%d" % number, partition=0,
                         on_delivery=lambda error, message: told.append((error, message.offset())))
        producer.poll(0)
    assert producer.flush(SECONDS) == 0 and all(error is None for error, _ in told) and len(told) == 60
    found = stored(cluster, name)
    assert sum(count for *_, count in found) == 60 and len(found) > 5
    entries = set()
    for base, producer_id, epoch, sequence, count in found:
        for step in range(count):
            answer = outcome(cluster, name, producer_id, epoch, sequence + step)
            assert answer["outcome"] == "committed" and answer["offset"] == base + step
            assert answer["index"] <= answer["commit"] and answer["term"] >= 1
            entries.add(answer["index"])
    assert len(entries) > 1
    assert outcome(cluster, name, found[0][1], found[0][2], 60)["outcome"] == "pending"


def test_every_answer(cluster, topic):
    name = topic()
    with Connection(leader_port(kafka_ports(cluster), name)) as connection:
        _, producer_id, epoch = connection.init_producer_id()
        assert outcome(cluster, name, producer_id, epoch, 0)["outcome"] == "pending"
        for sequence in range(8):
            assert connection.produce(name, 0, batch([b"r" * 3000], producer_id, epoch, sequence))[0] == 0
        for sequence in range(8):
            assert outcome(cluster, name, producer_id, epoch, sequence)["offset"] == sequence
        # A newer epoch begins: what of the old one is not there never will be.
        assert connection.produce(name, 0, batch([b"r"], producer_id, epoch + 1, 0))[0] == 0
        assert outcome(cluster, name, producer_id, epoch, 8) == {
            "outcome": "never", "commit": outcome(cluster, name, producer_id, epoch, 8)["commit"],
            "leader": cluster.leader().number}
        assert connection.produce(name, 0, batch([b"r"], producer_id, epoch, 8))[0] != 0
        assert outcome(cluster, name, producer_id, epoch, 2)["offset"] == 2
        answer = outcome(cluster, name, producer_id, epoch, 2, "--search-bytes", 6000)
        assert answer["outcome"] == "unknown" and answer["reason"] == "search-bytes" and 2 < answer["from"] < 8
    code, out, _ = run("outcome", "--admin", admins(cluster), "--topic", name, "--partition", 0, "--producer-id",
                       producer_id, "--epoch", epoch, "--sequence", 5)
    assert code == 0 and out.startswith("committed: offset 5, entry ") and ", term " in out


def test_every_node_answers_and_so_does_the_next_leader(new_cluster):
    cluster = new_cluster()
    ports = kafka_ports(cluster)
    with Connection(ports[0]) as connection:
        connection.create_topic("kept", 1)
    with Connection(leader_port(ports, "kept")) as connection:
        _, producer_id, epoch = connection.init_producer_id()
        for sequence in range(7):
            assert connection.produce("kept", 0, batch([b"r"], producer_id, epoch, sequence))[0] == 0
    asked = {"topic": "kept", "partition": 0, "producer_id": producer_id, "epoch": epoch}
    places = [[get(node, **asked, sequence=sequence)[1] for sequence in (0, 6)] for node in cluster.nodes]
    key = ("outcome", "offset", "index", "term")
    assert len({tuple(tuple(one[k] for k in key) for one in answers) for answers in places}) == 1
    cluster.leader().kill()
    for sequence, before in ((0, places[0][0]), (6, places[0][1])):
        after = outcome(cluster, "kept", producer_id, epoch, sequence, "--timeout-ms", 30_000)
        assert [after[k] for k in key] == [before[k] for k in key]
        assert after["leader"] != before["leader"]


@pytest.mark.parametrize("change, words", [
    ({"epoch": "x"}, "'epoch' is 'x'"), ({"sequence": -1}, "'sequence'"), ({"topic": ""}, "'topic' is missing"),
    ({"more": 1}, "unknown parameter 'more'"), ({"producer_id": 2 ** 63}, "'producer-id'"),
])
def test_wrong_questions_are_refused_by_name(cluster, change, words):
    asked = {"topic": "t", "partition": 0, "producer_id": 1, "epoch": 0, "sequence": 0} | change
    for node in cluster.nodes:
        status, answer = get(node, **asked)
        assert status == 400 and words in answer["error"]


def test_a_partition_that_is_not_there(cluster, topic):
    name = topic()
    for missing in ({"topic": "nowhere to be found", "partition": 0}, {"topic": name, "partition": 7}):
        status, answer = get(cluster.nodes[0], producer_id=1, epoch=0, sequence=0, **missing)
        assert (status, answer["code"]) == (404, "unknown-partition")
        code, _, err = run("outcome", "--admin", admins(cluster), "--producer-id", 1, "--epoch", 0, "--sequence", 0,
                           "--topic", missing["topic"], "--partition", missing["partition"])
        assert code == 1 and "there is no partition" in err
