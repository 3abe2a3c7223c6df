"""Consume, process, produce with transactions, while the leader is killed every 5 s: nothing lost, nothing doubled."""

import asyncio
import threading
import time

import aiokafka
import confluent_kafka
import kafka
import pytest
from confluent_kafka import KafkaException, TopicPartition
from kafka import errors as kafka_errors

from conftest import kafka_ports
from nodes import wait_until
from wire import create_topic

PARTITIONS = 3
KILL_EVERY, KILLS = 5, 12
SECONDS = 60


class Confluent(threading.Thread):
    """Copies `source` to `target`, one transaction for each handful of records, until it is told to stop."""
    name_of_client = "confluent-kafka"
    members = 2

    def __init__(self, bootstrap, source, target, number):
        super().__init__(daemon=True)
        self.bootstrap, self.source, self.target = bootstrap, source, target
        self.group, self.transactional_id = f"copy-{source}", f"copy-{source}-{number}"
        self.ending = threading.Event()
        self.failure = None
        self.commits = self.aborts = self.lives = 0

    def run(self):
        try:
            while not self.ending.is_set():
                self.lives += 1
                self.live()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def live(self):
        """From a new producer and consumer to the first error that ends them."""
        producer = confluent_kafka.Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 1,
                                             "transactional.id": self.transactional_id})
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.group,
                                             "auto.offset.reset": "earliest", "enable.auto.commit": False,
                                             "isolation.level": "read_committed", "session.timeout.ms": 6000})
        try:
            self.until_success(lambda: producer.init_transactions(20))
            consumer.subscribe([self.source])
            while not self.ending.is_set():
                messages = [m for m in consumer.consume(20, 0.2) if m.error() is None]
                if messages and not self.copy(producer, consumer, messages):
                    return
        finally:
            consumer.close()

    def copy(self, producer, consumer, messages):
        """False if the producer is of no more use."""
        producer.begin_transaction()
        try:
            for message in messages:
                producer.produce(self.target, message.value(), partition=message.partition())
            offsets = [TopicPartition(m.topic(), m.partition(), m.offset() + 1) for m in messages]
            newest = {(o.topic, o.partition): o for o in offsets}
            producer.send_offsets_to_transaction(list(newest.values()), consumer.consumer_group_metadata(), 20)
            self.until_success(lambda: producer.commit_transaction(20))
            self.commits += 1
            return True
        except KafkaException as error:
            if error.args[0].fatal():
                return False
            self.aborts += 1
            try:
                self.until_success(lambda: producer.abort_transaction(20))
            except KafkaException:
                pass
            # What was read is to be read again: by a new consumer, from what is committed.
            return False

    def until_success(self, call):
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return call()
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise

    def stop(self):
        self.ending.set()
        self.join(SECONDS + 30)
        assert not self.is_alive() and self.failure is None, self.failure


class KafkaPython(Confluent):
    name_of_client = "kafka-python"

    def live(self):
        producer = kafka.KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=1,
                                       transactional_id=self.transactional_id)
        consumer = kafka.KafkaConsumer(self.source, bootstrap_servers=self.bootstrap, group_id=self.group,
                                       auto_offset_reset="earliest", enable_auto_commit=False,
                                       isolation_level="read_committed", session_timeout_ms=6000,
                                       heartbeat_interval_ms=1000)
        try:
            producer.init_transactions()
            while not self.ending.is_set():
                read = consumer.poll(timeout_ms=200, max_records=20)
                if not read:
                    continue
                producer.begin_transaction()
                for messages in read.values():
                    for message in messages:
                        producer.send(self.target, message.value, partition=message.partition)
                producer.send_offsets_to_transaction(
                    {part: kafka.structs.OffsetAndMetadata(messages[-1].offset + 1, "", -1)
                     for part, messages in read.items()}, consumer.group_metadata())
                producer.commit_transaction()
                self.commits += 1
        except kafka_errors.KafkaError:
            self.aborts += 1
        finally:
            producer.close(timeout=5)
            consumer.close()


class Aiokafka(Confluent):
    name_of_client = "aiokafka"
    # It says nothing of the group's generation (KIP-447): with two, one that has lost a partition would not be stopped.
    members = 1

    def live(self):
        asyncio.run(self.copy_all())

    async def copy_all(self):
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=1,
                                             transactional_id=self.transactional_id)
        consumer = aiokafka.AIOKafkaConsumer(self.source, bootstrap_servers=self.bootstrap, group_id=self.group,
                                             auto_offset_reset="earliest", enable_auto_commit=False,
                                             isolation_level="read_committed", session_timeout_ms=6000,
                                             heartbeat_interval_ms=1000)
        try:
            await producer.start()
            await consumer.start()
            while not self.ending.is_set():
                read = await consumer.getmany(timeout_ms=200, max_records=20)
                if not read:
                    continue
                async with producer.transaction():
                    for messages in read.values():
                        for message in messages:
                            await producer.send(self.target, message.value, partition=message.partition)
                    await producer.send_offsets_to_transaction(
                        {part: messages[-1].offset + 1 for part, messages in read.items()}, self.group)
                self.commits += 1
        except aiokafka.errors.KafkaError:
            self.aborts += 1
        finally:
            for client in (consumer, producer):
                try:
                    await client.stop()
                except aiokafka.errors.KafkaError:
                    pass


class Source(threading.Thread):
    """Numbers into the source topic, each once, as fast as the copies take them."""

    def __init__(self, bootstrap, topic):
        super().__init__(daemon=True)
        self.producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
        self.topic = topic
        self.ending = threading.Event()
        self.count = 0
        self.failures = []

    def run(self):
        while not self.ending.wait(0.01):
            for _ in range(5):
                self.producer.produce(self.topic, b"%d" % self.count, partition=self.count % PARTITIONS,
                                      on_delivery=self.on_delivery)
                self.count += 1
            self.producer.poll(0)

    def on_delivery(self, error, _):
        if error is not None:
            self.failures.append(str(error))

    def stop(self):
        self.ending.set()
        self.join()
        assert self.producer.flush(SECONDS) == 0 and not self.failures, self.failures[:3]


def read_committed(bootstrap, topic):
    """Every committed value, up to the last stable offsets."""
    consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False,
                                   auto_offset_reset="earliest", check_crcs=True, isolation_level="read_committed")
    parts = [kafka.TopicPartition(topic, p) for p in range(PARTITIONS)]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    values, deadline = [], time.monotonic() + SECONDS
    while time.monotonic() < deadline and any(consumer.position(part) < ends[part] for part in parts):
        for messages in consumer.poll(timeout_ms=500).values():
            values += [int(message.value) for message in messages]
    consumer.close()
    return values


@pytest.mark.parametrize("client", (Confluent, KafkaPython, Aiokafka), ids=lambda client: client.name_of_client)
def test_exactly_once_while_the_leader_is_killed_again_and_again(new_cluster, client):
    cluster = new_cluster()
    for name in ("source", "target"):
        create_topic(kafka_ports(cluster), name, PARTITIONS)
    source = Source(cluster.bootstrap, "source")
    source.start()
    copies = [client(cluster.bootstrap, "source", "target", number) for number in range(client.members)]
    for copy in copies:
        copy.start()
    for _ in range(KILLS):
        source.ending.wait(KILL_EVERY)
        leader = wait_until(cluster.leader, 20, "a leader")
        leader.kill()
        leader.start()
        for copy in copies:
            assert copy.failure is None, copy.failure
    cluster.wait_ready(60)
    source.stop()
    expected = list(range(source.count))

    def is_complete():
        for copy in copies:
            assert copy.failure is None, copy.failure
        values = read_committed(cluster.bootstrap, "target")
        assert len(values) == len(set(values)), "doubled"
        return len(values) >= source.count

    wait_until(is_complete, 120, "every record to be copied")
    for copy in copies:
        copy.stop()
    values = read_committed(cluster.bootstrap, "target")
    assert sorted(values) == expected, (len(values), len(set(values)), source.count)
    print(f"{source.count} records, {sum(c.commits for c in copies)} transactions, "
          f"{sum(c.aborts for c in copies)} not committed, {sum(c.lives for c in copies)} lives")
