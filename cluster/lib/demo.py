"""What cluster/demo does: writes while leaders are killed, then counts."""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodes import (ClusterError, default_root, ephemeral_cluster, interrupt_on_terminate, lock,  # noqa: E402
                   require_binary, wait_until)

TOPIC = "orders"
PARTITIONS = 3


class Story:
    def __init__(self, arguments):
        self.arguments = arguments
        self.began = time.monotonic()
        self.outages = []

    def say(self, words):
        print(f"{time.monotonic() - self.began:7.2f} s  {words}", flush=True)

    def tell(self):
        arguments = self.arguments
        self.say("Starting three nodes: each keeps the log on its own disk folder, two of three make a majority.")
        cluster = ephemeral_cluster("demo", arguments.port_offset, require_binary())
        try:
            self.say(f"Node {cluster.leader().number} leads. Kafka clients connect to {cluster.bootstrap}.")
            self.create_topic(cluster)
            verdict = self.write_and_kill(cluster)
            self.say("Stopping the nodes with SIGTERM.")
            codes = cluster.stop_all()
            if any(code != 0 for code in codes.values()):
                raise ClusterError(f"a clean stop must exit 0; exit codes: {codes}")
        finally:
            if arguments.keep:
                cluster.kill_all()
            else:
                cluster.delete()
        return self.conclude(verdict)

    def create_topic(self, cluster):
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient, NewTopic
        from history import QUIET
        admin = AdminClient({"bootstrap.servers": cluster.bootstrap, **QUIET})
        for future in admin.create_topics([NewTopic(TOPIC, PARTITIONS)]).values():
            try:
                future.result(20)
            except (KafkaException, TimeoutError) as error:
                raise ClusterError(f"creating topic '{TOPIC}' failed: {error or 'no answer within 20 s'}") from error
        self.say(f"Created topic '{TOPIC}' with {PARTITIONS} partitions, through confluent-kafka.")

    def write_and_kill(self, cluster):
        from history import Writer, judge, read_all
        arguments = self.arguments
        records, kills = arguments.records, arguments.kills
        writer = Writer(cluster.bootstrap, TOPIC, PARTITIONS, rate=arguments.rate)
        self.say(f"Writing {records:,} records, acks=all, idempotent, {arguments.rate:,} a second.")
        chunk = records / (kills + 1)
        writer.start()
        for round_number in range(kills):
            already = writer.allowed
            writer.allowed = int(chunk * (round_number + 1.5))
            wait_until(lambda: len(writer.acknowledged) >= already + chunk / 4 or writer.fatal, 120,
                       "the records of this round to be acknowledged")
            self.kill_leader(cluster, writer)
        writer.allowed = records
        writer.finish(120)
        self.say(f"All sent. Acknowledged: {len(writer.acknowledged):,}; refused: {len(writer.refused):,}.")
        for number, reason in list(writer.refused.items())[:3]:
            self.say(f"  record {number} was refused: {reason}")
        self.say("Reading everything back with a new consumer.")
        return judge(writer.acknowledged, records, writer.size,
                     read_all(cluster.bootstrap, TOPIC, PARTITIONS, seconds=120))

    def kill_leader(self, cluster, writer):
        leader = wait_until(cluster.leader, 20, "a leader to kill")
        killed_at = writer.watch()
        leader.kill()
        self.say(f"kill -9 of node {leader.number}, the leader, after {len(writer.acknowledged):,} acknowledgements.")
        wait_until(lambda: writer.writable_at or writer.fatal, 60, "the cluster to be writable again")
        if writer.fatal:
            raise ClusterError(f"the producer gave up: {writer.fatal}")
        outage = writer.writable_at - killed_at
        self.outages.append(outage)
        new = wait_until(cluster.leader, 20, "the new leader to answer")
        self.say(f"Writable again {outage * 1000:.0f} ms after the kill, all partitions; node {new.number} leads.")
        leader.start()
        cluster.wait_ready(60)
        self.say(f"Node {leader.number} was started again, has caught up and is ready.")

    def conclude(self, verdict):
        missing_writes = self.arguments.records - verdict.acknowledged
        rows = [("acknowledged", verdict.acknowledged), ("stored", verdict.stored), ("missing", verdict.missing),
                ("duplicates", verdict.duplicates), ("order violations", verdict.order_violations),
                ("not written by us", verdict.foreign), ("never acknowledged", missing_writes)]
        print()
        for name, count in rows:
            print(f"  {name:<20}{count:>10,}")
        if self.outages:
            print(f"  {'until writable again':<23}"
                  + ", ".join(f"{outage * 1000:.0f} ms" for outage in self.outages)
                  + f"; median {statistics.median(self.outages) * 1000:.0f} ms (aim: 1,000 ms)")
        for words in verdict.examples:
            print(f"  {words}")
        good = verdict.good and missing_writes == 0
        print("\nVerdict: " + ("every acknowledged record is there, once, in order." if good else
                               "FAILED: see the counts above."))
        return 0 if good else 1


def whole(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def positive(text):
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="cluster/demo", allow_abbrev=False,
        description="Writes records through confluent-kafka into a three-node cluster of its own while the leader is "
                    "killed with kill -9, again and again; reads everything back and counts. Exit code 0 when nothing "
                    "acknowledged is missing, doubled or out of order.")
    parser.add_argument("--records", type=positive, default=200_000, help="how many (default 200000)")
    parser.add_argument("--kills", type=whole, default=3, help="how often the leader is killed (default 3)")
    parser.add_argument("--rate", type=positive, default=25_000, help="records a second (default 25000)")
    parser.add_argument("--port-offset", type=whole, default=2000, help="where to look for free ports (default 2000)")
    parser.add_argument("--keep", action="store_true", help="keep the cluster's data and logs in .cluster/demo")
    return parser.parse_args(arguments)


def main():
    arguments = parse(sys.argv[1:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    interrupt_on_terminate()
    try:
        with lock(default_root() / "demo"):
            return Story(arguments).tell()
    except ClusterError as error:
        print(f"cluster/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster/demo: interrupted; its nodes are stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
