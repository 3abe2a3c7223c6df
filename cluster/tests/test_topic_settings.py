"""What a topic's settings do to what is produced, with unmodified clients, and how topics are made with settings."""

import os
import struct
import time

import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic
from kafka import errors as kafka_errors

from clients import Confluent
from conftest import kafka_ports
from nodes import wait_until
from wire import Connection, leader_port

SECONDS = 60
MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG = 10, 32, 39, 40


@pytest.fixture
def admin(cluster):
    return AdminClient({"bootstrap.servers": cluster.bootstrap})


def create(admin, name, partitions=1, **options):
    (future,) = admin.create_topics([NewTopic(name, partitions, **options)]).values()
    future.result(SECONDS)


def refusal(admin, name, partitions=1, **options):
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        create(admin, name, partitions, **options)
    return caught.value.args[0].code()


def configure(admin, name, **settings):
    resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[
        ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for key, value in settings.items()])
    (future,) = admin.incremental_alter_configs([resource]).values()
    future.result(SECONDS)


def produce(cluster, topic, value, **options):
    """The code of the error that the record met, or None."""
    outcome = []
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "message.max.bytes": 8_000_000})
    producer.produce(topic, value, on_delivery=lambda error, _: outcome.append(error and error.code()), **options)
    assert producer.flush(SECONDS) == 0
    return outcome[0]


def records(cluster, topic, count):
    consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "reader",
                                         "enable.auto.commit": False, "check.crcs": True})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    found, deadline = [], time.monotonic() + SECONDS
    while len(found) < count and time.monotonic() < deadline:
        found += consumer.consume(count, 0.5)
    consumer.close()
    assert len(found) == count and all(message.error() is None for message in found)
    return found


def test_the_largest_message(cluster, admin):
    create(admin, "sized", config={"max.message.bytes": "1000"})
    large = os.urandom(3_000_000)
    assert produce(cluster, "sized", large[:2000]) == MESSAGE_TOO_LARGE
    assert produce(cluster, "sized", large[:900]) is None
    configure(admin, "sized", max_message_bytes="4000000")
    assert produce(cluster, "sized", large) is None
    assert [len(message.value()) for message in records(cluster, "sized", 2)] == [900, 3_000_000]
    configure(admin, "sized", max_message_bytes="2000")
    producer = kafka.KafkaProducer(bootstrap_servers=cluster.bootstrap, max_request_size=8_000_000)
    with pytest.raises(kafka_errors.MessageSizeTooLargeError):
        producer.send("sized", large).get(SECONDS)
    producer.close(SECONDS)
    # As large as before, and still to be had.
    assert len(records(cluster, "sized", 2)[1].value()) == 3_000_000


def test_the_largest_message_by_default(cluster, topic):
    name = topic()
    assert produce(cluster, name, os.urandom(1_100_000)) == MESSAGE_TOO_LARGE
    assert produce(cluster, name, os.urandom(1_000_000)) is None


def test_timestamps_of_the_producer_and_of_the_leader(cluster, admin):
    create(admin, "stamped", config={"message.timestamp.type": "LogAppendTime"})
    began = int(time.time() * 1000)
    assert produce(cluster, "stamped", b"a", timestamp=1000) is None
    configure(admin, "stamped", message_timestamp_type="CreateTime")
    assert produce(cluster, "stamped", b"b", timestamp=2000) is None
    first, second = (message.timestamp() for message in records(cluster, "stamped", 2))
    assert first[0] == confluent_kafka.TIMESTAMP_LOG_APPEND_TIME and began - 1000 <= first[1] <= began + 60_000
    assert second == (confluent_kafka.TIMESTAMP_CREATE_TIME, 2000)
    consumer = kafka.KafkaConsumer("stamped", bootstrap_servers=cluster.bootstrap, auto_offset_reset="earliest",
                                   consumer_timeout_ms=SECONDS * 1000)
    seen = [next(consumer) for _ in range(2)]
    consumer.close()
    assert [(record.timestamp_type, record.timestamp) for record in seen] == [(1, first[1]), (0, 2000)]


def test_timestamps_too_far_away(cluster, admin):
    hour = 3_600_000
    create(admin, "timely", config={"message.timestamp.after.max.ms": str(hour),
                                    "message.timestamp.before.max.ms": str(hour)})
    now = int(time.time() * 1000)
    assert produce(cluster, "timely", b"late", timestamp=now - 2 * hour) == INVALID_TIMESTAMP
    assert produce(cluster, "timely", b"early", timestamp=now + 2 * hour) == INVALID_TIMESTAMP
    assert produce(cluster, "timely", b"good", timestamp=now - hour // 2) is None


def test_batches_stay_compressed_as_they_were_sent(cluster, admin):
    create(admin, "packed", config={"compression.type": "gzip"})
    Confluent().write(cluster.bootstrap, "packed", [(b"k", b"v" * 1000)] * 50, codec="lz4")
    with Connection(leader_port(kafka_ports(cluster), "packed")) as connection:
        data = connection.fetch("packed", 0, 0)[2]
    assert struct.unpack_from(">h", data, 21)[0] & 7 == 3


def test_topics_with_chosen_replicas(admin):
    create(admin, "placed", 2, replica_assignment=[[1, 2, 3], [3, 1, 2]])
    partitions = admin.list_topics("placed", timeout=SECONDS).topics["placed"].partitions
    assert len(partitions) == 2 and all(sorted(found.replicas) == [1, 2, 3] for found in partitions.values())
    for assignment in [[1, 2, 7]], [[1, 1]], [[1, 2], [1, 2, 3]]:
        assert refusal(admin, "misplaced", len(assignment), replica_assignment=assignment) \
            == INVALID_REPLICA_ASSIGNMENT


def test_topics_with_wrong_settings(admin):
    for config in {"no.such.setting": "1"}, {"retention.ms": "soon"}, {"max.message.bytes": "-1"}:
        assert refusal(admin, "misconfigured", config=config) == INVALID_CONFIG


def log_start(bootstrap, topic):
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "start"})
    try:
        return consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, 0), SECONDS)[0]
    finally:
        consumer.close()


def test_old_and_superfluous_records_go(new_cluster):
    cluster = new_cluster(serve_options=["--retention-check-ms", "200"])
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    create(admin, "brief", config={"retention.ms": "1500"})
    create(admin, "small", config={"retention.bytes": "100000"})
    create(admin, "kept")
    pairs = [(None, b"%4d " % number + b"v" * 1000) for number in range(1000)]
    for name in ("brief", "small", "kept"):
        for first in range(0, 1000, 100):
            Confluent().write(cluster.bootstrap, name, pairs[first:first + 100])
    wait_until(lambda: log_start(cluster.bootstrap, "brief") == 1000, SECONDS, "what is too old to go")
    wait_until(lambda: log_start(cluster.bootstrap, "small") > 0, SECONDS, "what is too much to go")
    cluster.leader().kill()
    assert produce(cluster, "brief", b"new") is None
    assert log_start(cluster.bootstrap, "kept") == 0 and len(records(cluster, "kept", 1000)) == 1000
    left = 1000 - log_start(cluster.bootstrap, "small")
    assert left >= 90
    newest = kafka.KafkaConsumer("small", bootstrap_servers=cluster.bootstrap, auto_offset_reset="earliest",
                                 consumer_timeout_ms=SECONDS * 1000)
    assert [next(newest).value for _ in range(left)] == [value for _, value in pairs[-left:]]
    newest.close()
