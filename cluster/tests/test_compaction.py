"""Compacted topics, and old log files that little is left of, as unmodified clients and an operator see them."""

import threading
import time

import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient

from clients import Confluent
from nodes import wait_until
from test_topic_settings import configure, create, produce

SECONDS = 90
INVALID_RECORD = 87
QUICK = ["--rewrite-check-ms", "200"]
EAGER = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"}


def read(bootstrap, topic, **options):
    """Every record that was there when the reading began: offset, key, value."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "check.crcs": True,
                                         "enable.auto.commit": False, "enable.partition.eof": True, **options})
    partition = confluent_kafka.TopicPartition(topic, 0, 0)
    consumer.assign([partition])
    end = consumer.get_watermark_offsets(partition, SECONDS)[1]
    found, deadline = [], time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found and found[-1][0] >= end - 1:
            consumer.close()
            return found
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            if message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                consumer.close()
                return found
            continue
        found.append((message.offset(), message.key(), message.value()))
    raise AssertionError(f"no end of {topic} after {len(found)} records")


def read_by_kafka_python(bootstrap, topic):
    consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    partition = kafka.TopicPartition(topic, 0)
    consumer.assign([partition])
    end, found, deadline = consumer.end_offsets([partition])[partition], [], time.monotonic() + SECONDS
    while consumer.position(partition) < end and time.monotonic() < deadline:
        for records in consumer.poll(500).values():
            found += [(record.offset, record.key, record.value) for record in records]
    assert consumer.position(partition) >= end
    consumer.close()
    return found


def latest(pairs):
    """Of written (key, value), in order: what a compacted topic keeps, with offsets."""
    last = {key: offset for offset, (key, _) in enumerate(pairs)}
    return [(offset, key, value) for offset, (key, value) in enumerate(pairs)
            if last[key] == offset and value is not None]


def write(bootstrap, topic, pairs, codec="none"):
    for first in range(0, len(pairs), 100):
        Confluent().write(bootstrap, topic, pairs[first:first + 100], codec=codec)


def overwritten(rounds, keys=50, size=200):
    return [(b"key %d" % key, b"round %d of %d " % (number, key) + b"v" * size)
            for number in range(rounds) for key in range(keys)]


def test_the_last_value_of_each_key_is_kept_at_its_offset(new_cluster):
    cluster = new_cluster(serve_options=QUICK)
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    create(admin, "table", config=EAGER)
    create(admin, "plain")
    pairs = overwritten(20)
    # Tombstones: the last records of some keys, and of one that is written again.
    pairs += [(b"key %d" % key, None) for key in range(0, 10)] + [(b"key 3", b"again")]
    write(cluster.bootstrap, "table", pairs)
    write(cluster.bootstrap, "plain", pairs)
    kept = latest(pairs)

    def compacted():
        return read(cluster.bootstrap, "table") == kept
    wait_until(compacted, SECONDS, "the topic to be compacted")
    assert read_by_kafka_python(cluster.bootstrap, "table") == kept
    assert len(read(cluster.bootstrap, "plain")) == len(pairs)
    # Each node has the same, whoever leads; what is written later goes on behind it.
    for _ in range(2):
        cluster.leader().kill()
        assert produce(cluster, "table", b"later", key=b"new") is None
        pairs.append((b"new", b"later"))
        wait_until(lambda: read(cluster.bootstrap, "table") == latest(pairs), SECONDS, "the same at another leader")
        for node in cluster.nodes:
            node.start()
        cluster.wait_ready(60)


def test_records_without_a_key_are_refused(new_cluster):
    cluster = new_cluster(nodes=1, serve_options=QUICK)
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    create(admin, "table", config={"cleanup.policy": "compact"})
    assert produce(cluster, "table", b"value") == INVALID_RECORD
    assert produce(cluster, "table", b"value", key=b"") is None
    configure(admin, "table", cleanup_policy="delete")
    assert produce(cluster, "table", b"value") is None


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_only_records_without_a_key_are_at_fault(new_cluster, codec):
    """The whole batch is refused, but librdkafka tells apart which of its records were wrong (KIP-467)."""
    cluster = new_cluster(nodes=1, serve_options=QUICK)
    create(AdminClient({"bootstrap.servers": cluster.bootstrap}), "table", config={"cleanup.policy": "compact"})
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "linger.ms": 1000,
                                         "compression.type": codec})
    codes = {}
    for number in range(100):
        producer.produce("table", b"value", None if number % 10 == 0 else b"key",
                         on_delivery=lambda error, _, number=number: codes.update({number: error.code()}))
    assert producer.flush(SECONDS) == 0
    different = confluent_kafka.KafkaError._INVALID_DIFFERENT_RECORD
    assert codes == {number: INVALID_RECORD if number % 10 == 0 else different for number in range(100)}


def test_compressed_batches_are_compacted_and_checked(new_cluster):
    cluster = new_cluster(nodes=1, serve_options=QUICK)
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    pairs = overwritten(12, keys=30)
    for codec in "gzip", "snappy", "lz4", "zstd":
        create(admin, codec, config=EAGER)
        write(cluster.bootstrap, codec, pairs, codec=codec)
        with pytest.raises(AssertionError, match="key|Broker"):
            Confluent().write(cluster.bootstrap, codec, [(b"key", b"value"), (None, b"value")], codec=codec)
    for codec in "gzip", "snappy", "lz4", "zstd":
        wait_until(lambda: read(cluster.bootstrap, codec) == latest(pairs), SECONDS, f"{codec} to be compacted")
        assert read_by_kafka_python(cluster.bootstrap, codec) == latest(pairs)


def test_compacted_while_it_is_written_and_leaders_are_killed(new_cluster):
    """Whoever reads from the start sees the last value of each key, at any time; what was acknowledged last stays."""
    cluster = new_cluster(serve_options=QUICK)
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    create(admin, "table", config=EAGER)
    acknowledged, stop = {}, threading.Event()

    def work():
        producer = confluent_kafka.Producer({
            "bootstrap.servers": cluster.bootstrap, "enable.idempotence": True, "linger.ms": 2,
            "delivery.timeout.ms": 120_000})

        def note(error, message):
            assert error is None, error
            acknowledged[message.key()] = max(acknowledged.get(message.key(), (-1, b"")),
                                              (message.offset(), message.value()))
        number = 0
        while not stop.is_set():
            producer.produce("table", b"%d" % number + b"v" * 100, b"key %d" % (number % 40), on_delivery=note)
            producer.poll(0.005)
            number += 1
        assert producer.flush(SECONDS) == 0

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for _ in range(3):
            written = sum(offset for offset, _ in acknowledged.values())
            wait_until(lambda: sum(offset for offset, _ in list(acknowledged.values())) > written + 40 * 500, SECONDS,
                       "more to be written")
            before = dict(acknowledged)
            seen = {}
            for offset, key, value in read(cluster.bootstrap, "table"):
                assert seen.get(key, (-1,))[0] < offset
                seen[key] = (offset, value)
            assert all(seen[key] >= last for key, last in before.items())
            victim = cluster.leader()
            victim.kill()
            wait_until(cluster.leader, SECONDS, "another leader")
            victim.start()
            cluster.wait_ready(60)
    finally:
        stop.set()
        writer.join()
    expected = sorted((offset, key, value) for key, (offset, value) in acknowledged.items())
    wait_until(lambda: sorted(read(cluster.bootstrap, "table")) == expected, SECONDS, "all of it to be compacted")


def test_little_that_lives_long_does_not_keep_old_files(new_cluster):
    segments = ("--segment-bytes", str(1 << 20))
    cluster = new_cluster(format_options=segments, serve_options=(
        *segments, "--max-request-bytes", str(1 << 20), "--retention-check-ms", "200", "--snapshot-bytes",
        str(1 << 20), *QUICK))
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    create(admin, "long")
    create(admin, "short", config={"retention.bytes": "100000"})
    kept = []
    for number in range(12):
        kept.append((None, b"%d" % number))
        write(cluster.bootstrap, "long", kept[-1:])
        write(cluster.bootstrap, "short", [(None, b"v" * 5000)] * 400)

    def files():
        return [sorted(path.name for path in (node.data / "group-0").glob("*.log")) for node in cluster.nodes]
    # 24 MB were written, 100 kB of it are to be kept.
    wait_until(lambda: all(len(names) <= 5 for names in files()), SECONDS, "old files to go")
    assert [value for _, _, value in read(cluster.bootstrap, "long")] == [value for _, value in kept]
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(60)
    assert [(offset, value) for offset, _, value in read(cluster.bootstrap, "long")] == [
        (number, value) for number, (_, value) in enumerate(kept)]
