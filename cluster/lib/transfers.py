"""What cluster/transfer --measure does: how long an ordinary producer waits when leadership is handed over.

Needs confluent-kafka, so it runs in the virtual environment.
"""

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from confluent_kafka import Producer  # noqa: E402

from nodes import ClusterError, ephemeral_cluster, interrupt_on_terminate, require_binary, wait_until  # noqa: E402
from wire import create_topic  # noqa: E402

TOPIC = "transfers"


class Ticker(threading.Thread):
    """One record every 2 ms with acks=all, each acknowledged on its own; settings are the library's own otherwise."""

    def __init__(self, bootstrap):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True,
                                  "linger.ms": 0, "log_level": 3})
        self.waits = []
        self.failures = []
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            sent = time.monotonic()
            self.producer.produce(TOPIC, b"tick" * 25, partition=0, on_delivery=self.callback(sent))
            while time.monotonic() < sent + 0.002:
                self.producer.poll(0.001)

    def callback(self, sent):
        def acknowledged(error, _):
            if error is not None:
                self.failures.append(str(error))
            self.waits.append((sent, time.monotonic() - sent))
        return acknowledged

    def longest(self, since):
        """Of the records sent from shortly before `since` on, in seconds."""
        return max(wait for sent, wait in list(self.waits) if sent >= since - 0.5)

    def finish(self):
        self.done.set()
        self.join()
        left = self.producer.flush(30)
        if left or self.failures:
            raise ClusterError(f"{left} records were not acknowledged; failures: {self.failures[:3]}")


def measure(rounds, offset):
    cluster = ephemeral_cluster("transfers", offset, require_binary())
    try:
        create_topic([node.kafka_port for node in cluster.nodes], TOPIC, 1)
        ticker = Ticker(cluster.bootstrap)
        ticker.start()
        wait_until(lambda: len(ticker.waits) > 500, 30, "the producer to be at work")
        longest = []
        for number in range(rounds):
            leader = wait_until(cluster.leader, 10, "a leader")
            others = [node for node in cluster.nodes if node is not leader]
            began = time.monotonic()
            cluster.change("transfer", "--to", others[number % 2].number)
            time.sleep(1)
            longest.append(ticker.longest(began) * 1000)
            print(f"round {number + 1}: node {leader.number} to node {others[number % 2].number}, "
                  f"longest wait for an acknowledgement {longest[-1]:.0f} ms", flush=True)
        ticker.finish()
    finally:
        cluster.delete()
    ordinary = statistics.median(wait for _, wait in ticker.waits) * 1000
    print(f"\n{rounds} transfers, {len(ticker.waits):,} records acknowledged, none failed; longest wait per transfer: "
          f"median {statistics.median(longest):.0f} ms, highest {max(longest):.0f} ms; an ordinary record waits "
          f"{ordinary:.1f} ms")


def main():
    parser = argparse.ArgumentParser(
        prog="cluster/transfer --measure", allow_abbrev=False,
        description="Hands leadership of a cluster of its own back and forth while confluent-kafka writes.")
    parser.add_argument("rounds", type=int, metavar="ROUNDS", help="how many transfers")
    parser.add_argument("--port-offset", type=int, default=500, help="added to every port (default 500)")
    arguments = parser.parse_args()
    interrupt_on_terminate()
    try:
        measure(arguments.rounds, arguments.port_offset)
    except ClusterError as error:
        print(f"cluster/transfer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
