"""Sections of cluster/bench that ask what much state costs: committed offsets (g) and partitions (p).

Each has a cluster of its own, so that nothing else is in the nodes' memory. Resident memory is that of the largest node
after the state was made; a restart is `kill -9` of all nodes, measured until all are ready.
"""

import json
import os
import struct
import time

from nodes import ClusterError, ephemeral_cluster
from wire import (CREATE_TOPICS, NO_ERROR, NOT_CONTROLLER, PRODUCE, RETRIABLE, Connection, WireError, batch,
                  create_topic, leader_port, string, until)

OFFSET_COMMIT, OFFSET_FETCH = 8, 9
# Of each topic of section p.
PARTITIONS = 100
TICKS = os.sysconf("SC_CLK_TCK")


def resident_megabytes(cluster):
    return max(node.resident_kilobytes() for node in cluster.running()) / 1024


def processor_seconds(node):
    """What a node's process has used until now, in user and system mode (see proc(5), stat)."""
    with open(f"/proc/{node.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def idle_percent(cluster, seconds):
    """What the busiest node uses of a core while nobody asks it for anything."""
    before = {node.number: processor_seconds(node) for node in cluster.nodes}
    began = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    return max(processor_seconds(node) - before[node.number] for node in cluster.nodes) / elapsed * 100


def restart_seconds(cluster, patience=300):
    cluster.kill_all()
    began = time.monotonic()
    for node in cluster.nodes:
        node.start()
    cluster.wait_ready(patience)
    return time.monotonic() - began


def commit_body(group, topic, partitions, offset):
    """OffsetCommit, version 2, of somebody who is no member: one offset for each partition."""
    rows = b"".join(struct.pack(">iq", partition, offset + partition) + string("") for partition in range(partitions))
    return (string(group) + struct.pack(">i", -1) + string("") + struct.pack(">qi", -1, 1) + string(topic)
            + struct.pack(">i", partitions) + rows)


def commit(connection, group, topic, partitions, offset):
    reader = connection.ask(OFFSET_COMMIT, 2, commit_body(group, topic, partitions, offset))
    reader.take("i")
    reader.string()
    errors = {error for _, error in reader.array(lambda: reader.take("ih"))}
    if errors != {NO_ERROR}:
        raise WireError(f"OffsetCommit of {group} was answered with errors {sorted(errors)}")


def committed(connection, group, topic, partitions):
    """OffsetFetch, version 1: {partition: offset}."""
    body = (string(group) + struct.pack(">i", 1) + string(topic) + struct.pack(">i", partitions)
            + struct.pack(f">{partitions}i", *range(partitions)))
    reader = connection.ask(OFFSET_FETCH, 1, body)
    reader.take("i")
    reader.string()

    def row():
        partition, offset = reader.take("iq")
        reader.string()
        reader.take("h")
        return partition, offset

    return dict(reader.array(row))


def create_topics(ports, names, partitions, seconds=120):
    """One CreateTopics for all of `names`, sent to whichever node is the controller."""
    body = struct.pack(">i", len(names)) + b"".join(
        string(name) + struct.pack(">ihii", partitions, -1, 0, 0) for name in names
    ) + struct.pack(">i", seconds * 1000) + b"\0"

    def attempt():
        for port in ports:
            with Connection(port, seconds=seconds) as connection:
                reader = connection.ask(CREATE_TOPICS, 2, body)
                reader.take("i")

                def answer():
                    reader.string()
                    error = reader.take("h")
                    reader.string()
                    return error

                errors = set(reader.array(answer))
            if errors == {NO_ERROR}:
                return True
            if not errors <= {NOT_CONTROLLER, *RETRIABLE}:
                raise ValueError(f"CreateTopics was answered with errors {sorted(errors)}")
        return None

    until(seconds, f"creating {len(names)} topics", attempt)


def write_everywhere(ports, names, partitions):
    """One record of 100 bytes in every partition of `names`, by one Produce (version 7) for all of them."""
    records = batch([b"x" * 100])
    row = struct.pack(">i", len(records)) + records
    rows = struct.pack(">i", partitions) + b"".join(struct.pack(">i", number) + row for number in range(partitions))
    body = struct.pack(">hhii", -1, -1, 60_000, len(names)) + b"".join(string(name) + rows for name in names)
    with Connection(leader_port(ports, names[0]), seconds=60) as connection:
        reader = connection.ask(PRODUCE, 7, body)

    def answers():
        reader.string()
        return [error for _, error, *_ in reader.array(lambda: reader.take("ihqqq"))]

    errors = [error for topic in reader.array(answers) for error in topic]
    if errors != [NO_ERROR] * (len(names) * partitions):
        raise WireError(f"writing to {len(names)} topics was answered with errors {sorted(set(errors))}")


class Costs:
    """Mixed into Bench."""

    def own_cluster(self, name):
        return ephemeral_cluster(f"bench-{name}", self.arguments.port_offset, self.binary)

    def discard(self, cluster):
        if self.arguments.keep:
            cluster.kill_all()
        else:
            cluster.delete()

    def section_g(self):
        groups, partitions, topic = self.scaled(1000, 100), 100, "bench-offsets"
        cluster = self.own_cluster("offsets")
        try:
            ports = [node.kafka_port for node in cluster.nodes]
            create_topic(ports, topic, 1)
            create_topics(ports, [f"{topic}-all"], partitions)
            before = resident_megabytes(cluster)
            began = time.monotonic()
            with Connection(leader_port(ports, topic)) as connection:
                for number in range(groups):
                    commit(connection, f"group-{number}", f"{topic}-all", partitions, number)
            took, after = time.monotonic() - began, resident_megabytes(cluster)
            restart = restart_seconds(cluster)
            with Connection(leader_port(ports, topic)) as connection:
                for number in range(groups):
                    found = committed(connection, f"group-{number}", f"{topic}-all", partitions)
                    if found != {partition: number + partition for partition in range(partitions)}:
                        raise ClusterError(f"the offsets of group-{number} are not those committed: {found}")
            self.offsets = {"groups": groups, "partitions": partitions, "before_mb": before, "after_mb": after,
                            "restarted_mb": resident_megabytes(cluster), "commit_s": took, "restart_s": restart}
            self.raw["g"] = self.offsets
            self.note(f"  {json.dumps(self.offsets)}")
        finally:
            self.discard(cluster)

    def row_g(self):
        seen = self.offsets
        added = seen["after_mb"] - seen["before_mb"]
        label = f"(g) {seen['groups']:,} groups × {seen['partitions']} offsets"
        self.row(f"{label}: memory added", f"{added:.0f} MB", "≤ 100 MB", added <= 100)
        self.row("    kill -9 of all: all ready", f"{seen['restart_s']:.2f} s", "≤ 5 s", seen["restart_s"] <= 5)
        self.row("    one group after the other, all committed in", f"{seen['commit_s']:.2f} s")

    def section_p(self):
        cluster = self.own_cluster("partitions")
        try:
            self.curve, made = [self.cost_of(cluster, 0, 0.0)], 0
            for step in self.scaled((1_000, 10_000, 30_000, 100_000), (1_000, 5_000)):
                self.curve.append(self.grow(cluster, made, step // PARTITIONS))
                made = step // PARTITIONS
                self.note(f"  {json.dumps(self.curve[-1])}")
            self.raw["p"] = self.curve
        finally:
            self.discard(cluster)

    def grow(self, cluster, made, wanted):
        """Creates topics up to `wanted`, and writes to each partition: what both cost."""
        ports = [node.kafka_port for node in cluster.nodes]
        names = [f"many-{number}" for number in range(made, wanted)]
        requests = [names[at:at + 50] for at in range(0, len(names), 50)]
        began = time.monotonic()
        for some in requests:
            create_topics(ports, some, PARTITIONS)
        empty = self.cost_of(cluster, wanted * PARTITIONS, time.monotonic() - began)
        began = time.monotonic()
        for some in requests:
            write_everywhere(ports, some, PARTITIONS)
        return {**empty, "filled": self.cost_of(cluster, wanted * PARTITIONS, time.monotonic() - began)}

    def cost_of(self, cluster, partitions, took):
        resident, idle = resident_megabytes(cluster), idle_percent(cluster, self.scaled(20, 3))
        return {"partitions": partitions, "took_s": took, "resident_mb": resident, "idle_percent": idle,
                "restart_s": restart_seconds(cluster), "restarted_mb": resident_megabytes(cluster)}

    def row_p(self):
        for seen in self.curve:
            for which, kind in ((seen, "made"), (seen.get("filled"), "a record in each, written")):
                if which is not None:
                    self.row(f"(p) {which['partitions']:,} partitions, {kind} in {which['took_s']:.2f} s",
                             f"{which['resident_mb']:.0f} MB, idle {which['idle_percent']:.1f} % of a core, all ready "
                             f"in {which['restart_s']:.2f} s")
