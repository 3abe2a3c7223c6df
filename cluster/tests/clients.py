"""The Kafka clients under test, each behind the same two functions: write records, read a whole topic."""

import asyncio
import subprocess
import time

import aiokafka
import confluent_kafka
import kafka

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
SECONDS = 60


def records(count):
    """(key, value) pairs: text without tabs or line ends, of many lengths, compressible, every one different."""
    words = "a broker that keeps every acknowledged message on a majority of disks ".encode()
    return [(b"key-%d" % (i % 97), b"%d " % i + (words * 6)[: i * 7 % 400]) for i in range(count)]


class Kcat:
    name = "kcat"

    def write(self, bootstrap, topic, pairs, codec="none", idempotent=False):
        command = ["kcat", "-P", "-b", bootstrap, "-t", topic, "-K", "\t", "-X", "acks=all",
                   "-X", f"enable.idempotence={'true' if idempotent else 'false'}"]
        if codec != "none":
            command += ["-z", codec]
        lines = b"".join(key + b"\t" + value + b"\n" for key, value in pairs)
        done = subprocess.run(command, input=lines, capture_output=True, timeout=SECONDS)
        assert done.returncode == 0, done.stderr.decode()

    def read(self, bootstrap, topic, partitions, count):
        found = []
        for partition in range(partitions):
            command = ["kcat", "-C", "-q", "-b", bootstrap, "-t", topic, "-p", str(partition), "-o", "beginning",
                       "-e", "-X", "check.crcs=true", "-f", "%p\t%o\t%k\t%s\n"]
            done = subprocess.run(command, capture_output=True, timeout=SECONDS)
            assert done.returncode == 0, done.stderr.decode()
            for line in done.stdout.splitlines():
                at, offset, key, value = line.split(b"\t")
                found.append((int(at), int(offset), key, value))
        return found


class Confluent:
    name = "confluent-kafka"

    def write(self, bootstrap, topic, pairs, codec="none", idempotent=False):
        failures = []
        producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5,
                                             "compression.type": codec, "enable.idempotence": idempotent})

        def on_delivery(error, _):
            if error is not None:
                failures.append(str(error))

        for key, value in pairs:
            producer.produce(topic, value, key, on_delivery=on_delivery)
        assert producer.flush(SECONDS) == 0 and not failures, failures[:3]

    def read(self, bootstrap, topic, partitions, count):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "check.crcs": True,
                                             "enable.auto.commit": False})
        consumer.assign([confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING)
                         for p in range(partitions)])
        found, deadline = [], time.monotonic() + SECONDS
        while len(found) < count and time.monotonic() < deadline:
            for message in consumer.consume(1000, 0.5):
                assert message.error() is None, message.error()
                found.append((message.partition(), message.offset(), message.key(), message.value()))
        consumer.close()
        return found


class KafkaPython:
    name = "kafka-python"

    def write(self, bootstrap, topic, pairs, codec="none", idempotent=False):
        producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5,
                                       enable_idempotence=idempotent,
                                       compression_type=None if codec == "none" else codec)
        sent = [producer.send(topic, value=value, key=key) for key, value in pairs]
        producer.flush(timeout=SECONDS)
        for future in sent:
            future.get(timeout=SECONDS)
        producer.close(timeout=SECONDS)

    def read(self, bootstrap, topic, partitions, count):
        consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False,
                                       auto_offset_reset="earliest", check_crcs=True)
        parts = [kafka.TopicPartition(topic, p) for p in range(partitions)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        found, deadline = [], time.monotonic() + SECONDS
        while len(found) < count and time.monotonic() < deadline:
            for messages in consumer.poll(timeout_ms=500).values():
                found += [(m.partition, m.offset, m.key, m.value) for m in messages]
        consumer.close()
        return found


class Aiokafka:
    name = "aiokafka"

    def write(self, bootstrap, topic, pairs, codec="none", idempotent=False):
        async def run():
            producer = aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5,
                                                 enable_idempotence=idempotent,
                                                 compression_type=None if codec == "none" else codec)
            await producer.start()
            try:
                sent = [await producer.send(topic, value, key=key) for key, value in pairs]
                await asyncio.wait_for(asyncio.gather(*sent), SECONDS)
            finally:
                await producer.stop()

        asyncio.run(run())

    def read(self, bootstrap, topic, partitions, count):
        async def run():
            consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, check_crcs=True,
                                                 enable_auto_commit=False, auto_offset_reset="earliest")
            await consumer.start()
            try:
                parts = [aiokafka.TopicPartition(topic, p) for p in range(partitions)]
                consumer.assign(parts)
                await consumer.seek_to_beginning(*parts)
                found, deadline = [], time.monotonic() + SECONDS
                while len(found) < count and time.monotonic() < deadline:
                    for messages in (await consumer.getmany(timeout_ms=500)).values():
                        found.extend((m.partition, m.offset, m.key, m.value) for m in messages)
                return found
            finally:
                await consumer.stop()

        return asyncio.run(run())


CLIENTS = (Kcat(), Confluent(), KafkaPython(), Aiokafka())
