"""What cluster/bench does: the speed of a three-node cluster, beside the speed of the bare disk in the same run."""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from costs import Costs  # noqa: E402
from nodes import (REPOSITORY, ClusterError, default_root, ephemeral_cluster,  # noqa: E402
                   interrupt_on_terminate, lock, require_binary, wait_until)
from wire import WireError, create_topic, leader_port  # noqa: E402

PROGRAMS = {"floor.c": ["-pthread"], "latency.c": [], "pipeline.c": [], "transaction.c": [],
            "producer.c": ["-lrdkafka"], "consumer.c": ["-lrdkafka"]}
SECTIONS = {
    "a": "one 1 KB record in flight: latency",
    "b": "an ordinary librdkafka producer: throughput of 1 KB and of 100-byte records",
    "c": "one 100-byte record per request, 1,000 requests in flight on one connection",
    "f": "the same as (a) and (c) for a topic with holdfast.flush=async: acknowledged from memory",
    "d": "an ordinary librdkafka consumer, from the start of the topic",
    "e": "resident memory, idle and after much was written",
    "t": "a transaction of 100 records over 5 partitions, beside one record with acks=all in the same rounds",
    "r": "restart after kill -9 of all nodes: time until ready",
    "g": "committed offsets of 1,000 groups on 100 partitions each: memory and restart",
    "p": "1,000 to 100,000 partitions: memory, idle processor time, creation and restart",
}


@dataclass
class Row:
    """One line of the table."""
    figure: str
    ours: str
    target: str = ""
    met: bool | None = None
    floor: str = ""
    ratio: float | None = None


def note(words):
    print(words, file=sys.stderr, flush=True)


def compile_programs(directory):
    directory.mkdir(parents=True, exist_ok=True)
    sources = REPOSITORY / "cluster" / "bench.d"
    for name, libraries in PROGRAMS.items():
        command = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(directory / Path(name).stem),
                   str(sources / name), *libraries]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise ClusterError(f"{' '.join(command)} failed:\n{done.stderr}")


class Bench(Costs):
    def __init__(self, arguments):
        self.arguments = arguments
        self.directory = default_root() / "bench-programs"
        self.rows = []
        self.raw = {}
        self.floors = {}
        self.cluster = None
        self.stored = {}
        self.binary = require_binary()
        self.note = note

    def row(self, *values):
        self.rows.append(Row(*values))

    @property
    def ports(self):
        return [node.kafka_port for node in self.cluster.nodes]

    @property
    def quick(self):
        return self.arguments.quick

    def scaled(self, full, quick):
        return quick if self.quick else full

    def run(self, program, *arguments):
        """One run of a C program: the JSON it prints."""
        command = [str(self.directory / program), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise ClusterError(f"{' '.join(command)} failed (exit {done.returncode})")
        return json.loads(done.stdout)

    def median_run(self, name, key, program, *arguments):
        """The run whose `key` is the median of all runs; every run is kept in the raw results."""
        results = []
        for index in range(self.arguments.runs):
            results.append(self.run(program, *arguments))
            note(f"  run {index + 1} of {self.arguments.runs}: {json.dumps(results[-1])}")
        self.raw[name] = results
        return sorted(results, key=lambda result: result[key])[len(results) // 2]

    def topic(self, name, partitions=1):
        create_topic(self.ports, name, partitions)
        return name

    def leader(self, topic):
        return leader_port(self.ports, topic)

    def measure_floor(self):
        note("\nThe floor: three threads, each with pwrite + fdatasync on its own preallocated file")
        for label, size in (("1 KB", 1024), ("128 KB", 131072), ("1 MB", 1048576)):
            result = self.run("floor", default_root(), size, self.scaled(5, 1))
            note(f"  {label}: {json.dumps(result)}")
            self.floors.setdefault(label, []).append(result)

    def floor(self, label, key):
        return statistics.mean(result[key] for result in self.floors[label])

    # The sections.

    def section_a(self):
        topic = self.topic("bench-latency")
        rounds = self.scaled(20000, 2000)
        self.latency = self.median_run("a", "median_us", "latency", "127.0.0.1", self.leader(topic), topic, 1024,
                                       rounds)

    def row_a(self):
        floor, ours = self.floor("1 KB", "median_us"), self.latency["median_us"]
        self.rows.append(Row("(a) 1 KB, one in flight: median", f"{ours:.0f} µs",
                             f"≤ {3 * floor:.0f} µs (3 × floor)", ours <= 3 * floor, f"{floor:.0f} µs", ours / floor))
        self.rows.append(Row("    99th percentile", f"{self.latency['p99_us']:.0f} µs"))

    def section_b(self):
        count = self.scaled(1_000_000, 100_000)
        self.throughput = {}
        for size in (1024, 100):
            topic = self.topic(f"bench-{size}")
            self.throughput[size] = self.median_run(f"b{size}", "records_per_s", "producer", self.cluster.bootstrap,
                                                    topic, count, size)
            self.stored[topic] = (count + 1) * self.arguments.runs

    def row_b(self):
        floor = self.floor("1 MB", "mb_per_s_per_thread")
        large, small = self.throughput[1024]["mb_per_s"], self.throughput[100]["records_per_s"]
        self.rows.append(Row("(b) librdkafka producer, 1 KB", f"{large:.0f} MB/s", "≥ 180 MB/s", large >= 180,
                             f"{floor:.0f} MB/s", large / floor))
        self.rows.append(Row("(b) librdkafka producer, 100 bytes", f"{small:,.0f} records/s", "≥ 1,000,000 records/s",
                             small >= 1_000_000, f"{floor:.0f} MB/s", small * 100 / 1e6 / floor))

    def section_c(self):
        topic = self.topic("bench-pipeline")
        count = self.scaled(1_000_000, 100_000)
        self.pipeline = self.median_run("c", "records_per_s", "pipeline", "127.0.0.1", self.leader(topic), topic, 100,
                                        count, 1000)
        self.stored[topic] = (count + count // 10 + 1) * self.arguments.runs

    def row_c(self):
        floor, ours = 1e6 / self.floor("1 KB", "median_us"), self.pipeline["records_per_s"]
        self.rows.append(Row("(c) 100 bytes, 1,000 in flight", f"{ours:,.0f} acks/s", "≥ 150,000 acks/s",
                             ours >= 150_000, f"{floor:,.0f} fsyncs/s", ours / floor))

    def section_f(self):
        topic = self.topic("bench-async")
        command = [self.binary, "topic", "configure", topic, "holdfast.flush=async", "--bootstrap",
                   self.cluster.bootstrap]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
        count = self.scaled(1_000_000, 100_000)
        arguments = ("127.0.0.1", self.leader(topic), topic)
        self.relaxed = {
            "latency": self.median_run("f1", "median_us", "latency", *arguments, 1024, self.scaled(20000, 2000)),
            "pipeline": self.median_run("f2", "records_per_s", "pipeline", *arguments, 100, count, 1000),
        }

    def row_f(self):
        floor, latency = self.floor("1 KB", "median_us"), self.relaxed["latency"]
        self.rows.append(Row("(f) as (a), acknowledged from memory: median", f"{latency['median_us']:.0f} µs", "", None,
                             f"{floor:.0f} µs", latency["median_us"] / floor))
        self.rows.append(Row("    99th percentile", f"{latency['p99_us']:.0f} µs"))
        self.rows.append(Row("(f) as (c), acknowledged from memory",
                             f"{self.relaxed['pipeline']['records_per_s']:,.0f} acks/s"))

    def section_d(self):
        topic, count = self.topic("bench-1024"), self.scaled(2_000_000, 200_000)
        missing = count - self.stored.get(topic, 0)
        if missing > 0:
            note(f"  writing {missing:,} records of 1 KB to read back")
            self.run("producer", self.cluster.bootstrap, topic, missing, 1024)
            self.stored[topic] = count
        self.reading = self.median_run("d", "mb_per_s", "consumer", self.cluster.bootstrap, topic, count)

    def row_d(self):
        ours = self.reading["mb_per_s"]
        self.rows.append(Row("(d) librdkafka consumer, 1 KB", f"{ours:,.0f} MB/s", "≥ 1,200 MB/s", ours >= 1200))

    def resident(self):
        return [kilobytes / 1024 for kilobytes in
                (node.resident_kilobytes() for node in self.cluster.nodes) if kilobytes is not None]

    def section_e(self):
        gigabytes = self.arguments.gigabytes
        records = int(gigabytes * 1e9 / 1024)
        topic, peak, done = self.topic("bench-memory"), [0.0], threading.Event()

        def sample():
            while not done.wait(0.1):
                peak[0] = max([peak[0], *self.resident()])

        sampler = threading.Thread(target=sample, daemon=True)
        sampler.start()
        note(f"  writing {gigabytes:g} GB in records of 1 KB")
        try:
            self.raw["e"] = self.run("producer", self.cluster.bootstrap, topic, records, 1024)
        finally:
            done.set()
            sampler.join()
        self.memory = (max(self.resident()), max([peak[0], *self.resident()]))
        note(f"  {json.dumps(self.raw['e'])}")

    def row_e(self):
        after, peak = self.memory
        label = f"(e) resident after {self.arguments.gigabytes:g} GB, largest node"
        self.rows.append(Row("(e) resident, idle, largest node", f"{self.idle:.0f} MB", "≤ 40 MB", self.idle <= 40))
        self.rows.append(Row(label, f"{after:.0f} MB", "≤ 400 MB", after <= 400))
        self.rows.append(Row("    largest seen while writing", f"{peak:.0f} MB"))

    def section_t(self):
        topic = self.topic("bench-transactions", 5)
        self.transaction = self.median_run("t", "transaction_us", "transaction", "127.0.0.1", self.leader(topic), topic,
                                           1024, self.scaled(3000, 500))

    def row_t(self):
        seen = self.transaction
        one, same, whole, commit = (
            seen[f"{key}_us"] for key in ("produce", "same_records", "transaction", "commit"))
        self.rows.append(Row("(t) 100 records over 5 partitions: the commit", f"{commit:.0f} µs",
                             f"≤ {3 * one:.0f} µs (3 × one acks=all)", commit <= 3 * one, f"{one:.0f} µs",
                             commit / one))
        self.rows.append(Row("    the whole transaction, 3 requests", f"{whole:.0f} µs",
                             f"≤ {3 * same:.0f} µs (3 × the records alone)", whole <= 3 * same, f"{same:.0f} µs",
                             whole / same))
        parts = f"add {seen['add_us']:.0f}, produce {seen['write_us']:.0f}, end {commit:.0f} µs"
        self.rows.append(Row(f"    of it: {parts}", f"{whole:.0f} µs", "", None, f"{one:.0f} µs", whole / one))

    def section_r(self):
        if not sum(self.stored.values()):
            topic, count = self.topic("bench-1024"), self.scaled(1_000_000, 100_000)
            self.run("producer", self.cluster.bootstrap, topic, count, 1024)
            self.stored[topic] = count
        self.cluster.kill_all()
        began = time.monotonic()
        for node in self.cluster.nodes:
            node.start()
        majority = len(self.cluster.nodes) // 2 + 1
        wait_until(lambda: sum(node.ready() for node in self.cluster.nodes) >= majority, 120, "a majority to be ready")
        self.restart_majority = time.monotonic() - began
        self.cluster.wait_ready(120)
        self.restart = time.monotonic() - began

    def row_r(self):
        stored = sum(self.stored.values())
        self.rows.append(Row(f"(r) kill -9 of all, {stored:,} records: all ready", f"{self.restart:.2f} s",
                             "≤ 5 s per 1,000,000", self.restart <= 5 * max(1, stored / 1_000_000)))
        self.rows.append(Row("    a majority ready", f"{self.restart_majority:.2f} s"))

    def play(self, order):
        for section in [s for s in order if s in self.arguments.sections]:
            note(f"\n({section}) {SECTIONS[section]}")
            getattr(self, f"section_{section}")()

    def measure_speed(self):
        self.measure_floor()
        note("\nStarting three nodes")
        self.cluster = ephemeral_cluster("bench", self.arguments.port_offset, self.binary)
        try:
            self.idle = max(self.resident())
            # Restart comes after what fills the log, memory at the very end: it writes most.
            self.play("acftbrde")
            note("\nThe floor once more, so that a change of the machine shows")
            self.measure_floor()
        finally:
            self.discard(self.cluster)

    def measure(self):
        if set(self.arguments.sections) & set("acftbrde"):
            self.measure_speed()
        self.play("gp")
        for section in [s for s in "abcftdergp" if s in self.arguments.sections]:
            getattr(self, f"row_{section}")()

    def print_table(self):
        print(f"\n{os.cpu_count()} cores, {platform.system()} {platform.release()}, three nodes on this machine, "
              f"quorum fsync; median of {self.arguments.runs} runs" + (", --quick: short runs" if self.quick else ""))
        for label, results in self.floors.items():
            print(f"floor {label}: " + "; then ".join(
                f"median {result['median_us']:.0f} µs, {result['mb_per_s_per_thread']:.0f} MB/s per thread"
                for result in results))
        head = ("figure", "ours", "target", "met", "floor", "ratio")
        lines = [head] + [
            (row.figure, row.ours, row.target, {True: "yes", False: "NO", None: ""}[row.met], row.floor,
             "" if row.ratio is None else f"{row.ratio:.2f}") for row in self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        print()
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())

    def save(self):
        path = default_root() / "bench-results.json"
        path.write_text(json.dumps({"floors": self.floors, "raw": self.raw,
                                    "rows": [vars(row) for row in self.rows]}, indent=2, ensure_ascii=False) + "\n")
        print(f"\nEvery run: {path}")


def positive(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def whole(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def sections(text):
    unknown = sorted(set(text) - set(SECTIONS))
    if unknown or not text:
        raise argparse.ArgumentTypeError(f"{text!r}: sections are letters of {''.join(SECTIONS)}")
    return text


def parse(arguments):
    lines = "\n".join(f"  {letter}  {words}" for letter, words in SECTIONS.items())
    parser = argparse.ArgumentParser(
        prog="cluster/bench", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures a fresh three-node cluster of its own beside the bare disk. Sections:\n" + lines)
    parser.add_argument("--quick", action="store_true", help="short runs, to see that everything works")
    parser.add_argument("--sections", type=sections, default="abctdergp", help="which, as letters (default all)")
    parser.add_argument("--runs", type=whole, help="runs per figure, of which the median counts (default 3, quick 1)")
    parser.add_argument("--gigabytes", type=positive, help="how much (e) writes (default 10, quick 0.2)")
    parser.add_argument("--port-offset", type=whole, default=3000, help="where to look for free ports (default 3000)")
    parser.add_argument("--keep", action="store_true", help="keep the cluster's data and logs in .cluster/bench")
    parsed = parser.parse_args(arguments)
    parsed.runs = parsed.runs or (1 if parsed.quick else 3)
    parsed.gigabytes = parsed.gigabytes or (0.2 if parsed.quick else 10.0)
    return parsed


def check_disk(arguments):
    """Three copies of what is written, and room for segments written ahead."""
    written = 0.4 if arguments.quick else 0
    if not arguments.quick:
        written = arguments.runs * 1.4 + 2.1
    if "e" in arguments.sections:
        written += arguments.gigabytes
    needed = 3 * written * 1.3 + 2
    default_root().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(default_root()).free / 1e9
    if free < needed:
        raise ClusterError(f"about {needed:.0f} GB of disk are needed below {default_root()}, {free:.0f} GB are free; "
                           "shorten with --gigabytes, --runs or --quick")


def main():
    arguments = parse(sys.argv[1:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    interrupt_on_terminate()
    try:
        check_disk(arguments)
        with lock(default_root() / "bench"):
            bench = Bench(arguments)
            compile_programs(bench.directory)
            bench.measure()
    except (ClusterError, WireError) as error:
        print(f"cluster/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster/bench: interrupted; its nodes are stopped", file=sys.stderr)
        return 130
    bench.print_table()
    bench.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
