"""A history of what was written, what was acknowledged and what is read back; and the verdict over it.

Needs confluent-kafka, so it runs in the virtual environment.
"""

import threading
import time
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from nodes import ClusterError

# The library tells of every broken connection on standard error. Where nodes are killed on purpose that is only noise.
QUIET = {"log_level": 3}


def payload(number, size):
    """Key and value of record `number`; every byte of the value follows from the number."""
    key = b"%d" % number
    return key, (b"record " + key + b" ").ljust(size, b"0123456789"[number % 10:number % 10 + 1])


def record(writer, number, size):
    """Key and value of record `number` of one of several writers."""
    key = b"%d:%d" % (writer, number)
    return key, (b"record " + key + b" ").ljust(size, b"0123456789"[number % 10:number % 10 + 1])


@dataclass
class Verdict:
    acknowledged: int
    stored: int
    missing: int = 0
    duplicates: int = 0
    order_violations: int = 0
    foreign: int = 0
    examples: list = field(default_factory=list)

    @property
    def good(self):
        return not (self.missing or self.duplicates or self.order_violations or self.foreign)

    def note(self, words):
        if len(self.examples) < 10:
            self.examples.append(words)

    def __str__(self):
        return (f"{self.acknowledged} acknowledged, {self.stored} stored, {self.missing} missing, "
                f"{self.duplicates} duplicates, {self.order_violations} order violations, {self.foreign} foreign"
                + "".join(f"\n  {words}" for words in self.examples))


class Writer(threading.Thread):
    """An idempotent confluent-kafka producer with acks=all, writing numbered records round-robin over the partitions.

    `allowed` is how far it may go; raise it to let it go on. It never retries by itself: the library does.
    """

    def __init__(self, bootstrap, topic, partitions, rate=None, size=100, settings=None):
        super().__init__(daemon=True)
        self.topic, self.partitions, self.rate, self.size = topic, partitions, rate, size
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all",
                                  "linger.ms": 5, "error_cb": self._on_error, **QUIET, **(settings or {})})
        self.sent_at = []
        self.acknowledged = {}
        self.refused = {}
        self.fatal = None
        self.allowed = 0
        self.finishing = False
        self._watch_since = None
        self._watch_open = set()
        self._writable_at = None

    def _on_error(self, error):
        # The library reports broken connections here, too; those it heals by itself.
        if error.fatal() and self.fatal is None:
            self.fatal = str(error)

    def _on_delivery(self, number, error, message):
        if error is not None:
            self.refused[number] = str(error)
            return
        now = time.monotonic()
        self.acknowledged[number] = (message.partition(), message.offset())
        if self._watch_since is not None and self.sent_at[number] > self._watch_since:
            self._watch_open.discard(message.partition())
            if not self._watch_open and self._writable_at is None:
                self._writable_at = now

    def run(self):
        began, number = time.monotonic(), 0
        while not (self.finishing and number >= self.allowed):
            due = self.allowed if self.rate is None else min(self.allowed, int((time.monotonic() - began) * self.rate))
            if number >= due:
                if number >= self.allowed and self.rate is not None:
                    # Time spent waiting for permission is not caught up with in one burst afterwards.
                    began = time.monotonic() - number / self.rate
                self.producer.poll(0.002)
                continue
            key, value = payload(number, self.size)
            self.sent_at.append(time.monotonic())
            while True:
                try:
                    self.producer.produce(self.topic, value, key, partition=number % self.partitions,
                                          on_delivery=self._callback(number))
                    break
                except BufferError:
                    self.producer.poll(0.01)
            number += 1
            if number % 64 == 0:
                self.producer.poll(0)

    def _callback(self, number):
        return lambda error, message: self._on_delivery(number, error, message)

    def watch(self):
        """From now on, note when every partition has acknowledged a record that was sent after now."""
        self._writable_at = None
        self._watch_open = set(range(self.partitions))
        self._watch_since = time.monotonic()
        return self._watch_since

    @property
    def writable_at(self):
        return self._writable_at

    def finish(self, seconds):
        """Lets everything allowed go out and waits for its acknowledgements."""
        deadline = time.monotonic() + seconds
        self.finishing = True
        self.join(seconds)
        left = self.producer.flush(max(0.1, deadline - time.monotonic()))
        if self.is_alive() or left:
            raise ClusterError(f"{left} records were not acknowledged within {seconds} s"
                               + (f"; fatal: {self.fatal}" if self.fatal else ""))


def read_all(bootstrap, topic, partitions, seconds=60, starts=None):
    """{partition: [(offset, key, value)]}: everything in the topic, from its start to its end as of now.

    starts: the first offset wanted of each partition, instead of its beginning. ClusterError when for `seconds`
    nothing comes.
    """
    found = {partition: [] for partition in range(partitions)}
    for partition, offset, key, value in read_each(bootstrap, topic, partitions, seconds, starts):
        found[partition].append((offset, key, value))
    return found


def read_each(bootstrap, topic, partitions, seconds=60, starts=None):
    """(partition, offset, key, value) of everything that `read_all` gives, without keeping it."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False,
                         "auto.offset.reset": "error", "check.crcs": True, **QUIET})
    deadline = time.monotonic() + seconds
    try:
        ends = {p: _end(consumer, topic, p, deadline) for p in range(partitions)}
        next_offsets = [0] * partitions if starts is None else list(starts)
        consumer.assign([TopicPartition(topic, p, next_offsets[p] if starts else OFFSET_BEGINNING) for p in ends])
        open_partitions = {p for p in ends if ends[p] > next_offsets[p]}
        while open_partitions:
            if time.monotonic() > deadline:
                raise ClusterError(f"reading {topic} stood still for {seconds} s: at {next_offsets} of {ends}")
            messages = consumer.consume(10000, 0.2)
            if messages:
                deadline = time.monotonic() + seconds
            for message in messages:
                if message.error():
                    raise ClusterError(f"reading {topic}: {message.error()}")
                partition = message.partition()
                next_offsets[partition] = message.offset() + 1
                if next_offsets[partition] >= ends[partition]:
                    open_partitions.discard(partition)
                yield partition, message.offset(), message.key(), message.value()
    finally:
        consumer.close()


def _end(consumer, topic, partition, deadline):
    while True:
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=5)[1]
        except KafkaException as error:
            retriable = error.args[0].retriable() or error.args[0].code() in (
                KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError.NOT_LEADER_FOR_PARTITION,
                KafkaError.LEADER_NOT_AVAILABLE, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART)
            if not retriable or time.monotonic() > deadline:
                raise ClusterError(f"the end of {topic}/{partition} cannot be found: {error}") from error


def judge(acknowledged, sent, size, found):
    """The verdict over what `read_all` found.

    acknowledged: {number: (partition, offset)}; sent: how many numbers were handed to the producer.
    """
    verdict = Verdict(len(acknowledged), sum(len(records) for records in found.values()))
    at, seen = {}, set()
    for partition, records in found.items():
        previous = -1
        for offset, key, value in records:
            number = int(key) if key is not None and key.isdigit() else -1
            if not 0 <= number < sent or payload(number, size) != (key, value):
                verdict.foreign += 1
                verdict.note(f"{partition}/{offset} holds what nobody wrote: {key!r} {value[:40]!r}")
                continue
            if number in seen:
                verdict.duplicates += 1
                verdict.note(f"record {number} again at {partition}/{offset}")
            elif number < previous:
                verdict.order_violations += 1
                verdict.note(f"record {number} at {partition}/{offset} stands behind record {previous}")
            seen.add(number)
            previous = max(previous, number)
            at[(partition, offset)] = number
    for number, place in acknowledged.items():
        if at.get(place) != number:
            verdict.missing += 1
            verdict.note(f"record {number} was acknowledged at {place[0]}/{place[1]}, where there is {at.get(place)}")
    return verdict


NOT_YET, NO_PLACE = -1, -2


@dataclass
class SiteHistory:
    """What one client site did and saw in one round: it wrote its records `first` ..< `until`.

    places: per record, partition << 48 | offset as acknowledged, NOT_YET without an acknowledgement, NO_PLACE if it did
        not say where
    refused: {number: reason} of those that the client was told have failed
    bases, seen: per partition, the first offset its consumer had to read, and from there on writer << 40 | number
    anomalies: what its consumer found wrong by itself: a gap in the offsets, altered bytes, an error
    """
    site: str
    writer: int
    idempotent: bool
    first: int
    until: int
    places: list
    refused: dict
    bases: list
    seen: list
    anomalies: list
    fatal: str | None = None


@dataclass
class RoundVerdict:
    """Counts of what must not be, over one round; see `judge_round`.

    log: per partition what the round has stored, each record as writer << 40 | number
    """
    acknowledged: int = 0
    stored: int = 0
    lost: int = 0
    phantom: int = 0
    duplicates: int = 0
    reordered: int = 0
    inconsistent: int = 0
    unseen: int = 0
    anomalies: int = 0
    refused: int = 0
    examples: list = field(default_factory=list)
    log: dict = field(default_factory=dict, repr=False)

    KINDS = ("lost", "phantom", "duplicates", "reordered", "inconsistent", "unseen", "anomalies", "refused")

    @property
    def good(self):
        return not any(getattr(self, kind) for kind in self.KINDS)

    def note(self, kind, words):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < 20:
            self.examples.append(f"{kind}: {words}")

    def __str__(self):
        counts = ", ".join(f"{getattr(self, kind)} {kind}" for kind in self.KINDS if getattr(self, kind))
        return f"{self.acknowledged} acknowledged, {self.stored} stored, " + (counts or "nothing wrong")


def judge_round(sites, starts, found, size):
    """The verdict over one round, after healing, when every writer has paused and every reader had time to catch up.

    sites: their `SiteHistory`; starts: per partition the offset at which the round began; found: what `read_all` read
    from there to the end. A record without an acknowledgement may be stored or not, but not twice by an idempotent
    writer.
    """
    verdict = RoundVerdict(stored=sum(len(records) for records in found.values()))
    by_writer = {site.writer: site for site in sites}
    log = {p: _judge_stored(verdict, by_writer, p, starts[p], records, size) for p, records in found.items()}
    verdict.log = log
    for site in sites:
        _judge_acknowledged(verdict, site, starts, log)
        _judge_reading(verdict, site, starts, log)
        for number, reason in site.refused.items():
            verdict.note("refused", f"{site.site}: record {number}: {reason}")
        if site.fatal:
            verdict.note("refused", f"{site.site}: the producer gave up: {site.fatal}")
    return verdict


def judge_again(archive, records, size):
    """The verdict over a topic that is read once more from its beginning, long after its rounds were judged.

    archive: per partition the `log` of all rounds; records: what `read_each` yields.
    """
    verdict = RoundVerdict()
    next_offsets = [0] * len(archive)
    for partition, offset, key, value in records:
        verdict.stored += 1
        expected, place = next_offsets[partition], f"{partition}/{offset}"
        next_offsets[partition] = offset + 1
        if offset != expected:
            verdict.note("inconsistent", f"{place} came where offset {expected} was due")
        packed = archive[partition][offset] if offset < len(archive[partition]) else -1
        if packed < 0 or record(packed >> 40, packed & (1 << 40) - 1, size) != (key, value):
            verdict.note("inconsistent", f"{place} held {name(packed)} once, and now {key!r}")
    for partition, log in enumerate(archive):
        if next_offsets[partition] != len(log):
            verdict.note("lost", f"partition {partition} ended at {len(log)}, and now at {next_offsets[partition]}")
    return verdict


def _judge_stored(verdict, by_writer, partition, start, records, size):
    """What is stored in one partition, as writer << 40 | number from its start on; notes what should not be there."""
    log, newest, seen = [], {}, set()
    for offset, key, value in records:
        place = f"{partition}/{offset}"
        if offset != start + len(log):
            verdict.note("inconsistent", f"{place} came where offset {start + len(log)} was due")
        name, _, text = (key or b"").partition(b":")
        site = by_writer.get(int(name)) if name.isdigit() and text.isdigit() else None
        number = int(text) if site else -1
        log.append(site.writer << 40 | number if site else -1)
        if site is None or number >= site.until or record(site.writer, number, size) != (key, value):
            verdict.note("phantom", f"{place} holds what nobody wrote: {key!r} {value[:40]!r}")
            continue
        if not site.idempotent:
            continue
        if log[-1] in seen or number < site.first:
            verdict.note("duplicates", f"{site.site}: record {number} again at {place}")
        elif number < newest.get(site.writer, -1):
            verdict.note("reordered", f"{site.site}: {number} at {place} stands behind {newest[site.writer]}")
        seen.add(log[-1])
        newest[site.writer] = max(newest.get(site.writer, -1), number)
    return log


def name(packed):
    """A record, packed as writer << 40 | number, for people."""
    return "something else" if packed < 0 else f"{packed >> 40}:{packed & (1 << 40) - 1}"


def _judge_acknowledged(verdict, site, starts, log):
    for number, packed in enumerate(site.places, site.first):
        if packed == NOT_YET:
            continue
        verdict.acknowledged += 1
        if packed == NO_PLACE:
            if not any(site.writer << 40 | number in stored for stored in log.values()):
                verdict.note("lost", f"{site.site}: record {number} was acknowledged, and is nowhere")
            continue
        partition, offset = packed >> 48, packed & (1 << 48) - 1
        at = offset - starts[partition]
        found = log[partition][at] if 0 <= at < len(log[partition]) else None
        if found != site.writer << 40 | number:
            what = "nothing" if found is None else name(found)
            verdict.note("lost", f"{site.site}: record {number} was acknowledged at {partition}/{offset}, "
                                 f"where there is {what}")


def _judge_reading(verdict, site, starts, log):
    for words in site.anomalies:
        verdict.note("anomalies", f"{site.site}: {words}")
    for partition, seen in enumerate(site.seen):
        skip = site.bases[partition] - starts[partition]
        expected = log[partition][max(skip, 0):]
        if skip < 0:
            verdict.note("unseen", f"{site.site}: began the round {-skip} records behind in partition {partition}")
            continue
        if len(seen) < len(expected):
            late = len(expected) - len(seen)
            verdict.note("unseen", f"{site.site}: {late} records at the end of partition {partition}")
        for at, (mine, stored) in enumerate(zip(seen, expected)):
            if mine != stored:
                verdict.note("inconsistent", f"{site.site} read {name(mine)} at {partition}/"
                                             f"{site.bases[partition] + at}, which holds {name(stored)}")
        if len(seen) > len(expected):
            verdict.note("inconsistent", f"{site.site} has read beyond the end of partition {partition}")
