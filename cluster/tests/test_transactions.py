"""Transactions, through unmodified clients and by hand: commit, abort, offsets, fencing, timeouts, wrong requests."""

import asyncio
import time

import aiokafka
import confluent_kafka
import kafka
import pytest
from confluent_kafka import KafkaException, TopicPartition
from kafka import KafkaAdminClient

from nodes import wait_until

SECONDS = 60
PARTITIONS = 3


class Confluent:
    """librdkafka."""
    name = "confluent-kafka"

    def write(self, bootstrap, topic, name, transactions):
        """`transactions`: (records by partition, whether to commit) each."""
        producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "transactional.id": name})
        producer.init_transactions(SECONDS)
        for values, commits in transactions:
            producer.begin_transaction()
            for partition, value in values:
                producer.produce(topic, value, partition=partition)
            producer.flush(SECONDS)
            (producer.commit_transaction if commits else producer.abort_transaction)(SECONDS)

    def read(self, bootstrap, topic, isolation, count):
        """(partition, offset, value) of `count` records, and of what comes within a moment after them."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "check.crcs": True,
                                             "enable.auto.commit": False, "enable.partition.eof": True,
                                             "isolation.level": isolation})
        consumer.assign([TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING) for p in range(PARTITIONS)])
        found, ended, deadline = [], set(), time.monotonic() + SECONDS
        while (len(found) < count or len(ended) < PARTITIONS) and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is not None and message.error():
                assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF, message.error()
                ended.add(message.partition())
            elif message is not None:
                found.append((message.partition(), message.offset(), message.value()))
        consumer.close()
        return sorted(found)


class KafkaPython:
    name = "kafka-python"

    def write(self, bootstrap, topic, name, transactions):
        producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, transactional_id=name)
        producer.init_transactions()
        for values, commits in transactions:
            producer.begin_transaction()
            sent = [producer.send(topic, value, partition=partition) for partition, value in values]
            for future in sent:
                future.get(timeout=SECONDS)
            producer.commit_transaction() if commits else producer.abort_transaction()
        producer.close(timeout=SECONDS)

    def read(self, bootstrap, topic, isolation, count):
        consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False,
                                       auto_offset_reset="earliest", check_crcs=True, isolation_level=isolation)
        parts = [kafka.TopicPartition(topic, p) for p in range(PARTITIONS)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found, deadline = [], time.monotonic() + SECONDS
        while time.monotonic() < deadline and any(consumer.position(part) < ends[part] for part in parts):
            for messages in consumer.poll(timeout_ms=500).values():
                found += [(m.partition, m.offset, m.value) for m in messages]
        consumer.close()
        return sorted(found)


class Aiokafka:
    name = "aiokafka"

    def write(self, bootstrap, topic, name, transactions):
        async def run():
            producer = aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=name)
            await producer.start()
            try:
                for values, commits in transactions:
                    await producer.begin_transaction()
                    sent = [await producer.send(topic, value, partition=partition) for partition, value in values]
                    await asyncio.wait_for(asyncio.gather(*sent), SECONDS)
                    await (producer.commit_transaction() if commits else producer.abort_transaction())
            finally:
                await producer.stop()

        asyncio.run(run())

    def read(self, bootstrap, topic, isolation, count):
        async def run():
            consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, check_crcs=True,
                                                 enable_auto_commit=False, auto_offset_reset="earliest",
                                                 isolation_level=isolation)
            await consumer.start()
            try:
                parts = [aiokafka.TopicPartition(topic, p) for p in range(PARTITIONS)]
                consumer.assign(parts)
                await consumer.seek_to_beginning(*parts)
                found, deadline = [], time.monotonic() + SECONDS
                while len(found) < count and time.monotonic() < deadline:
                    for messages in (await consumer.getmany(timeout_ms=500)).values():
                        found.extend((m.partition, m.offset, m.value) for m in messages)
                for messages in (await consumer.getmany(timeout_ms=1000)).values():
                    found.extend((m.partition, m.offset, m.value) for m in messages)
                return sorted(found)
            finally:
                await consumer.stop()

        return asyncio.run(run())


CLIENTS = (Confluent(), KafkaPython(), Aiokafka())


def values(word, count):
    return [(number % PARTITIONS, b"%s %d" % (word, number)) for number in range(count)]


@pytest.mark.parametrize("reader", CLIENTS, ids=lambda client: f"read-by-{client.name}")
@pytest.mark.parametrize("writer", CLIENTS, ids=lambda client: f"written-by-{client.name}")
def test_committed_and_aborted_transactions(cluster, topic, writer, reader):
    """Markers take one offset in each partition; who reads what is committed never sees the rest."""
    name = topic(PARTITIONS)
    plan = [(values(b"kept", 30), True), (values(b"dropped", 30), False), (values(b"kept too", 30), True)]
    writer.write(cluster.bootstrap, name, f"txn-{name}", plan)
    rows, offsets = [], [0] * PARTITIONS
    for records, commits in plan:
        for partition, value in records:
            rows.append((partition, offsets[partition], value, commits))
            offsets[partition] += 1
        offsets = [offset + 1 for offset in offsets]
    committed = sorted((partition, offset, value) for partition, offset, value, commits in rows if commits)
    everything = sorted((partition, offset, value) for partition, offset, value, _ in rows)
    assert reader.read(cluster.bootstrap, name, "read_committed", len(committed)) == committed
    assert reader.read(cluster.bootstrap, name, "read_uncommitted", len(everything)) == everything


def test_an_open_transaction_holds_readers_of_what_is_committed_back(cluster, topic):
    name = topic(PARTITIONS)
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": f"open-{name}"})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    producer.produce(name, b"open", partition=0)
    producer.flush(SECONDS)
    plain = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap})
    plain.produce(name, b"plain", partition=0)
    plain.flush(SECONDS)
    assert CLIENTS[0].read(cluster.bootstrap, name, "read_committed", 0) == []
    assert CLIENTS[0].read(cluster.bootstrap, name, "read_uncommitted", 2) == [(0, 0, b"open"), (0, 1, b"plain")]
    ends = {}
    for isolation in ("read_committed", "read_uncommitted"):
        consumer = kafka.KafkaConsumer(bootstrap_servers=cluster.bootstrap, isolation_level=isolation)
        ends[isolation] = consumer.end_offsets([kafka.TopicPartition(name, 0)])[kafka.TopicPartition(name, 0)]
        consumer.close()
    assert ends == {"read_committed": 0, "read_uncommitted": 2}
    producer.commit_transaction(SECONDS)
    assert CLIENTS[0].read(cluster.bootstrap, name, "read_committed", 2) == [(0, 0, b"open"), (0, 1, b"plain")]


def committed_offset(cluster, group, topic):
    consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    offset = consumer.committed([TopicPartition(topic, 0)], SECONDS)[0].offset
    consumer.close()
    return offset


def test_offsets_are_committed_with_the_transaction(cluster, topic):
    source, target, group = topic(1), topic(PARTITIONS), "offsets-in-a-transaction"
    plain = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap})
    for number in range(10):
        plain.produce(source, b"%d" % number)
    plain.flush(SECONDS)
    consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group,
                                         "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([source])
    read, deadline = [], time.monotonic() + SECONDS
    while len(read) < 10 and time.monotonic() < deadline:
        read += consumer.consume(10, 0.5)
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": f"cpp-{target}"})
    producer.init_transactions(SECONDS)
    for count, commits, expected in ((4, False, -1001), (7, True, 7), (9, False, 7)):
        producer.begin_transaction()
        for message in read[:count]:
            producer.produce(target, message.value(), partition=0)
        producer.send_offsets_to_transaction([TopicPartition(source, 0, count)], consumer.consumer_group_metadata(),
                                             SECONDS)
        (producer.commit_transaction if commits else producer.abort_transaction)(SECONDS)
        assert committed_offset(cluster, group, source) == expected
    consumer.close()
    found = CLIENTS[0].read(cluster.bootstrap, target, "read_committed", 7)
    assert [value for _, _, value in found] == [b"%d" % number for number in range(7)]


def test_offsets_with_kafka_python(cluster, topic):
    source, group = topic(1), "offsets-kafka-python"
    producer = kafka.KafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=f"kp-{source}")
    producer.init_transactions()
    part = kafka.TopicPartition(source, 0)
    for offset, commits in ((3, True), (5, False)):
        producer.begin_transaction()
        producer.send(source, b"x", partition=0).get(timeout=SECONDS)
        producer.send_offsets_to_transaction({part: kafka.structs.OffsetAndMetadata(offset, "note", -1)}, group)
        producer.commit_transaction() if commits else producer.abort_transaction()
        assert committed_offset(cluster, group, source) == 3
    producer.close(timeout=SECONDS)


def test_offsets_with_aiokafka(cluster, topic):
    source, group = topic(1), "offsets-aiokafka"

    async def run():
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=f"aio-{source}")
        await producer.start()
        try:
            for offset, commits in ((3, True), (5, False)):
                await producer.begin_transaction()
                await producer.send_and_wait(source, b"x", partition=0)
                await producer.send_offsets_to_transaction({aiokafka.TopicPartition(source, 0): offset}, group)
                await (producer.commit_transaction() if commits else producer.abort_transaction())
        finally:
            await producer.stop()

    asyncio.run(run())
    assert committed_offset(cluster, group, source) == 3


def test_a_new_incarnation_fences_the_old_one(cluster, topic):
    name = topic(PARTITIONS)
    settings = {"bootstrap.servers": cluster.bootstrap, "transactional.id": f"fenced-{name}"}
    old, new = confluent_kafka.Producer(settings), confluent_kafka.Producer(settings)
    old.init_transactions(SECONDS)
    old.begin_transaction()
    old.produce(name, b"of the old one", partition=0)
    old.flush(SECONDS)
    new.init_transactions(SECONDS)
    with pytest.raises(KafkaException) as raised:
        old.commit_transaction(SECONDS)
    assert raised.value.args[0].fatal() and raised.value.args[0].code() == confluent_kafka.KafkaError._FENCED
    new.begin_transaction()
    new.produce(name, b"of the new one", partition=0)
    new.commit_transaction(SECONDS)
    # The old one's record and its marker lie before.
    assert CLIENTS[0].read(cluster.bootstrap, name, "read_committed", 1) == [(0, 2, b"of the new one")]


def test_a_transaction_that_takes_too_long_is_aborted(cluster, topic):
    name = topic(PARTITIONS)
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": f"late-{name}",
                                         "transaction.timeout.ms": 1500})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    producer.produce(name, b"too late", partition=1)
    producer.flush(SECONDS)
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    state = lambda: admin.describe_transactions([f"late-{name}"])[f"late-{name}"]
    wait_until(lambda: "CompleteAbort" in str(state()), 30, "the transaction to be aborted")
    admin.close()
    with pytest.raises(KafkaException):
        producer.commit_transaction(SECONDS)
    plain = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap})
    plain.produce(name, b"after", partition=1)
    plain.flush(SECONDS)
    assert CLIENTS[0].read(cluster.bootstrap, name, "read_committed", 1) == [(1, 2, b"after")]
