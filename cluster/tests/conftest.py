"""Fixtures of the client tests: one three-node cluster for most of them, own ones for those that break things."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from nodes import Cluster, default_root, ephemeral_cluster, require_binary  # noqa: E402
from wire import create_topic  # noqa: E402

OFFSET = int(os.environ.get("CLUSTER_TEST_OFFSET") or 1000)
_numbers = itertools.count(1)


def pytest_configure():
    # A terminated run unwinds like an interrupted one, so that the fixtures stop their nodes.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows how its nodes' logs end."""
    report = (yield).get_result()
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Cluster):
                for node in value.nodes:
                    report.sections.append((f"log of node {node.number} ends", node.log_tail(12)))


@pytest.fixture(scope="session")
def shared_cluster():
    cluster = ephemeral_cluster("test", OFFSET, require_binary())
    yield cluster
    codes = cluster.stop_all()
    assert all(code == 0 for code in codes.values()), f"a clean stop must exit 0; exit codes: {codes}"
    shutil.rmtree(cluster.directory)


@pytest.fixture
def cluster(shared_cluster):
    """The shared cluster, all of it running and ready: what a failed test left dead is started again."""
    for node in shared_cluster.nodes:
        node.start()
    shared_cluster.wait_ready(60)
    return shared_cluster


@pytest.fixture
def new_cluster():
    """A function that starts a cluster for this test alone; arguments as of `ephemeral_cluster`."""
    started = []

    def make(**options):
        name = f"test-own-{len(started) + 1}"
        cluster = ephemeral_cluster(name, OFFSET + 20 * (len(started) + 1), require_binary(), **options)
        started.append(cluster)
        return cluster

    yield make
    for cluster in started:
        cluster.delete()


@pytest.fixture
def scratch():
    """An empty folder below .cluster/, which is on the disk that clusters use; its own, whatever other tests leave."""
    parent = default_root() / "test-scratch"
    parent.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=parent))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def small_disk(scratch):
    """A function that makes a file system of some MiB in memory, if this machine lets us; unmounted afterwards."""
    mounted = []

    def make(megabytes):
        point = scratch / f"disk-{len(mounted)}"
        point.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(point)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount a small file system here: {done.stderr.strip()}")
        mounted.append(point)
        return point

    yield make
    for point in mounted:
        # Lazily: a test that failed half-way may still have a file open there.
        subprocess.run(["umount", "--lazy", str(point)], check=True)


def on_small_disks(new_cluster, small_disk, megabytes, *serve_options):
    """A cluster with segments of 8 MiB, each node on a small disk of its own; and the disks by node."""
    segments = ("--segment-bytes", str(8 << 20))
    disks = {}

    def place(cluster):
        for node in cluster.nodes:
            disks[node.number] = small_disk(megabytes)
            node.directory.mkdir(parents=True)
            node.data.symlink_to(disks[node.number])

    cluster = new_cluster(prepare=place, format_options=segments,
                          serve_options=(*segments, "--max-request-bytes", str(4 << 20), *map(str, serve_options)))
    return cluster, disks


def leave_room(disk, megabytes):
    """Makes a small disk so large that `megabytes` are free."""
    size = (shutil.disk_usage(disk).used >> 20) + megabytes
    subprocess.run(["mount", "-o", f"remount,size={size}m", str(disk)], check=True)


@pytest.fixture
def topic(cluster):
    """A function that creates a topic with a name of its own."""
    def make(partitions=1):
        name = f"topic-{next(_numbers)}"
        create_topic(kafka_ports(cluster), name, partitions)
        return name

    return make


def kafka_ports(cluster):
    return [node.kafka_port for node in cluster.running()]
