"""One client site: a process with one producer and one consumer, told what to do by lines on standard input.

The producer writes numbered records round-robin over the partitions; the consumer follows all partitions from
where the topic ended when the site began, and never stops. Each line in is a JSON object with "do"; each gets one JSON
line back. Times are those of the monotonic clock, which all processes of a machine share.
"""

import json
import marshal
import os
import sys
import threading
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition  # noqa: E402

from history import NO_PLACE, NOT_YET, QUIET, record  # noqa: E402

# What an operator who wants to be back soon after an outage sets; everything else is librdkafka's default. With its
# defaults a producer whose leader falls silent (no reset, no answer) notices after 30 s, whatever the cluster does.
RECONNECT = {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 500, "socket.timeout.ms": 2000,
             "socket.connection.setup.timeout.ms": 1000}


class Writing(threading.Thread):
    """The producer. `history` of record i: when it was sent, when and where it was acknowledged."""

    def __init__(self, settings):
        super().__init__(daemon=True)
        self.writer, self.topic, self.partitions = settings["writer"], settings["topic"], settings["partitions"]
        self.rate, self.size = settings["rate"], settings["size"]
        self.producer = Producer({
            "bootstrap.servers": settings["bootstrap"], "client.id": settings["site"], "acks": "all", "linger.ms": 5,
            "enable.idempotence": settings["idempotent"], "request.timeout.ms": 1500,
            "error_cb": self._on_error, **QUIET, **RECONNECT})
        self.sent, self.acknowledged, self.places = array("d"), array("d"), array("q")
        self.refused = {}
        self.fatal = None
        self.errors = []
        self.is_writing = threading.Event()
        self.is_idle = threading.Event()

    def _on_error(self, error):
        if error.fatal() and self.fatal is None:
            self.fatal = str(error)
        self.errors.append(str(error))
        del self.errors[:-20]

    def run(self):
        try:
            self._run()
        except (SystemError, KafkaException) as problem:
            self.fatal = f"{problem!r}; the last errors were {self.errors}"
            raise

    def _run(self):
        while True:
            self.is_idle.set()
            while not self.is_writing.is_set():
                self.producer.poll(0.01)
            self.is_idle.clear()
            began, first = time.monotonic(), len(self.sent)
            while self.is_writing.is_set():
                due = first + int((time.monotonic() - began) * self.rate)
                self._send_up_to(due)
                self.producer.poll(0.005)

    def _send_up_to(self, due):
        while len(self.sent) < due and self.is_writing.is_set():
            number = len(self.sent)
            key, value = record(self.writer, number, self.size)
            self.sent.append(time.monotonic())
            self.acknowledged.append(NOT_YET)
            self.places.append(NOT_YET)
            try:
                self.producer.produce(self.topic, value, key, partition=number % self.partitions,
                                      on_delivery=self._on_delivery)
            except BufferError:
                # Not handed over, so it was never sent.
                del self.sent[-1], self.acknowledged[-1], self.places[-1]
                self.producer.poll(0.02)
                return

    def _on_delivery(self, error, message):
        # The binding turns an exception out of a callback into another one that says nothing.
        try:
            self._note_delivery(error, message)
        except (LookupError, ValueError, TypeError, AttributeError) as problem:
            self.fatal = f"in the callback: {problem!r}, message {message.key()!r}, error {error}"

    def _note_delivery(self, error, message):
        number = int(message.key().partition(b":")[2])
        if error is not None:
            self.refused[number] = str(error)
            return
        self.acknowledged[number] = time.monotonic()
        # A batch that the broker already had, and has no longer in its window, is acknowledged without an offset.
        offset = message.offset()
        self.places[number] = NO_PLACE if offset is None else message.partition() << 48 | offset

    def pause(self, seconds):
        """Stops writing and waits for what is under way; how many records are still without an answer."""
        self.is_writing.clear()
        self.is_idle.wait(5)
        deadline = time.monotonic() + seconds
        while len(self.producer) and time.monotonic() < deadline:
            time.sleep(0.005)
        return len(self.producer)


class Reading(threading.Thread):
    """The consumer. Per partition the record seen at each offset from `base` on, and whatever was not right."""

    def __init__(self, settings, bases):
        super().__init__(daemon=True)
        self.size = settings["size"]
        self.base = bases
        self.seen = [array("q") for _ in bases]
        self.anomalies = []
        self.consumer = Consumer({
            "bootstrap.servers": settings["bootstrap"], "client.id": settings["site"], "group.id": settings["site"],
            "enable.auto.commit": False, "auto.offset.reset": "error", "check.crcs": True, "fetch.wait.max.ms": 100,
            # Of a consumer that stands still nothing else tells why. The suite keeps it for failed rounds.
            "debug": "topic,metadata,fetch", "log_level": 7, **RECONNECT})
        self.consumer.assign([TopicPartition(settings["topic"], p, base) for p, base in enumerate(bases)])

    def run(self):
        while True:
            for message in self.consumer.consume(2000, 0.05):
                if message.error() is not None:
                    self._note(f"the consumer was told: {message.error()}")
                else:
                    self._take(message)

    def _take(self, message):
        partition, offset = message.partition(), message.offset()
        seen = self.seen[partition]
        expected = self.base[partition] + len(seen)
        if offset != expected:
            self._note(f"partition {partition}: offset {offset} came where {expected} was due")
            return
        writer, _, number = message.key().partition(b":")
        if record(int(writer), int(number), self.size) != (message.key(), message.value()):
            self._note(f"partition {partition} offset {offset}: {message.value()[:40]!r} under {message.key()!r}")
        seen.append(int(writer) << 40 | int(number))

    def _note(self, words):
        if len(self.anomalies) < 20 and words not in self.anomalies:
            self.anomalies.append(words)

    def forget(self):
        """Begins the next round: what was seen so far has been judged."""
        for partition, seen in enumerate(self.seen):
            count = len(seen)
            self.base[partition] += count
            del seen[:count]
        self.anomalies = []


class Site:
    def __init__(self, settings):
        self.settings = settings
        self.writing = Writing(settings)
        self.reading = Reading(settings, settings["bases"])
        self.first = 0
        self.writing.start()
        self.reading.start()

    def resume(self, _):
        self.writing.is_writing.set()
        return {}

    def pause(self, request):
        left = self.writing.pause(request["patience"])
        return {"left": left, "fatal": self.writing.fatal}

    def progress(self, request):
        """When every partition had acknowledged a record sent after `after`, or null; and how many are acknowledged."""
        writing, partitions = self.writing, self.writing.partitions
        number = self._first_after(request["after"])
        # Three records in a row are in three partitions; later ones are acknowledged later, per partition.
        answers = [writing.acknowledged[n] for n in range(number, min(number + partitions, len(writing.acknowledged)))]
        done = len(answers) == partitions and NOT_YET not in answers
        return {"at": max(answers) if done else None, "fatal": writing.fatal}

    def _first_after(self, moment):
        low, high = self.first, len(self.writing.sent)
        while low < high:
            middle = (low + high) // 2
            if self.writing.sent[middle] > moment:
                high = middle
            else:
                low = middle + 1
        return low

    def seen(self, _):
        """The next offset of each partition."""
        reading = self.reading
        return {"next": [base + len(seen) for base, seen in zip(reading.base, reading.seen)]}

    def gap(self, request):
        """The longest time without an acknowledgement between two moments, and when it began."""
        times = [t for t in self.writing.acknowledged[self.first:] if request["from"] <= t <= request["to"]]
        times = sorted([request["from"], request["to"], *times])
        return {"gap": max(b - a for a, b in zip(times, times[1:]))}

    def history(self, request):
        """Writes the round's history to a file and begins the next round."""
        writing, reading = self.writing, self.reading
        until = len(writing.sent)
        answer = {
            "site": self.settings["site"], "writer": writing.writer, "idempotent": self.settings["idempotent"],
            "first": self.first, "until": until, "places": writing.places[self.first:].tobytes(),
            "refused": {number: why for number, why in writing.refused.items() if number >= self.first},
            "bases": list(reading.base), "seen": [seen.tobytes() for seen in reading.seen],
            "anomalies": list(reading.anomalies), "fatal": writing.fatal,
        }
        Path(request["path"]).write_bytes(marshal.dumps(answer))
        self.first = until
        reading.forget()
        return {"acknowledged": sum(place != NOT_YET for place in writing.places[answer["first"]:until])}


def answer(line, site):
    """(site, reply) for one line."""
    request = json.loads(line)
    if request["do"] == "begin":
        return Site(request), {}
    return site, getattr(site, request["do"])(request)


def main():
    site = None
    # The library prints to standard output nothing; what it says of broken connections goes to standard error.
    for line in sys.stdin:
        try:
            site, reply = answer(line, site)
        except (KafkaException, ValueError, KeyError, OSError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
