"""Classes of disks that fail, fill up, stall, forget or are damaged."""

import re
import subprocess

from faults.catalogue import fault
from faults.spaces import die_with_parent
from nodes import ClusterError, wait_until

# The rate of a node's background check of its log (NodeSettings.scrubBytes).
CHECKED_BYTES_PER_SECOND = 4 << 20


def await_end(node, what):
    """The node must end by itself with exit code 1: it cannot go on with such a disk."""
    wait_until(lambda: node.pid is None, 20, f"node {node.number} to end because of {what}")
    if node.child.returncode != 1:
        raise ClusterError(f"node {node.number} ended with {node.child.returncode} because of {what}, not with 1")


@fault("fsync-error", "fdatasync fails with EIO on one node, which must end and be replaced by another leader",
       needs={"strace"})
def fsync_error(round_):
    node = round_.leader() if round_.random.random() < 0.7 else round_.pick(round_.followers())
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync",
         "-e", "inject=fdatasync,fsync:error=EIO", "-p", str(node.pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
    try:
        await_end(node, "a failed fdatasync")
        round_.injected(f"fdatasync of node {node.number} failed")
    finally:
        tracer.kill()
        tracer.wait()
    round_.await_failover()


@fault("disk-full", "the disk of one node is full (a small ext4); it ends, and goes on when there is room",
       stage="small", needs={"loop"})
def disk_full(round_):
    node = round_.leader() if round_.random.random() < 0.6 else round_.pick(round_.followers())
    storage = round_.stage.storage
    storage.fill(node, round_.random.randint(0, 2 << 20))
    round_.injected(f"disk of node {node.number} full")
    try:
        await_end(node, "a full disk")
        round_.say("it ended")
        node.start()
        round_.hold(0.2, 1)
    except ClusterError:
        # With files prepared in advance it may well go on for as long as the round lasts.
        if node.pid is None:
            raise
        round_.say("it went on with the files it had")
    round_.await_failover()
    storage.free(node)


@fault("disk-low", "the disks of two nodes or of all get low on space: records wait, and nothing ends",
       stage="watched", needs={"loop"})
def disk_low(round_):
    nodes = round_.random.sample(round_.cluster.nodes, round_.random.randint(2, 3))
    storage = round_.stage.storage
    for node in nodes:
        storage.fill(node, round_.random.randint(5 << 20, 7 << 20))

    def is_stopped():
        leader = round_.cluster.leader()
        status = leader.status() if leader else None
        return status is not None and status["intakeStopped"]

    wait_until(is_stopped, 20, "the intake to stop")
    round_.injected("disks low of node " + ", ".join(str(node.number) for node in nodes))
    round_.hold(0.2, 2)
    ended = [node.number for node in round_.cluster.nodes if node.pid is None]
    if ended:
        raise ClusterError(f"nodes {ended} ended although the intake was stopped")
    for node in nodes:
        storage.free(node)


def cut_power(round_, nodes, seed):
    """Ends nodes with the loss of what they had not synced; it counts as fired when there was something to lose."""
    lost = round_.stage.storage.cut_power(nodes, seed)
    pages, unsynced, names = (sum(column) for column in zip(*lost))
    who = "node " + ", ".join(str(node.number) for node in nodes)
    round_.injected(f"power of {who} lost, {pages} of {unsynced} pages and {names} names with it",
                    1 if unsynced + names else 0)


@fault("power-loss", "all nodes lose power at once: whatever was not synced is gone, or torn (a FUSE layer)",
       stage="forgetful", needs={"fuse"})
def power_loss(round_):
    cut_power(round_, round_.cluster.nodes, round_.seed)
    round_.hold(0, 0.3)


@fault("power-loss-twice", "all nodes lose power, and again while they recover", stage="forgetful", needs={"fuse"})
def power_loss_twice(round_):
    for turn in range(3):
        cut_power(round_, round_.cluster.nodes, round_.seed * 10 + turn)
        for node in round_.cluster.nodes:
            node.start()
        round_.hold(0, 1.5)


@fault("power-loss-one", "one node loses power with what it has not synced, the others go on", stage="forgetful",
       needs={"fuse"})
def power_loss_one(round_):
    node = round_.pick(round_.cluster.nodes)
    cut_power(round_, [node], round_.seed)
    round_.await_failover()
    round_.hold(0, 1)


@fault("async-power-one", "topic acknowledged from memory; one node loses power with what it has not synced",
       stage="rebooting", needs={"fuse"})
def async_power_one(round_):
    node = round_.pick(round_.cluster.nodes)
    cut_power(round_, [node], round_.seed)
    round_.await_failover()
    round_.hold(0, 1)


@fault("async-kill-all", "topic acknowledged from memory; kill -9 of all nodes at once", stage="rebooting",
       needs={"fuse"})
def async_kill_all(round_):
    round_.injected("kill -9 of all nodes")
    round_.cluster.kill_all()
    round_.hold(0, 1)


@fault("disk-stall", "the disk of the leader does not answer for 0.5 to 4 s", stage="forgetful", needs={"fuse"})
def disk_stall(round_):
    leader = round_.leader()
    round_.injected(f"disk of node {leader.number}, the leader, stands still")
    round_.stage.storage.stall(leader, True)
    round_.hold(0.5, 4)
    round_.stage.storage.stall(leader, False)


def flip(round_, path, start, end):
    """Turns one bit of a file between two positions."""
    at = round_.random.randrange(start, end)
    turn_bit(round_, path, at)
    return at


def turn_bit(round_, path, at):
    with open(path, "r+b") as handle:
        handle.seek(at)
        byte = handle.read(1)[0]
        handle.seek(at)
        handle.write(bytes([byte ^ 1 << round_.random.randrange(8)]))


def group_files(node, pattern):
    return sorted(path for path in node.data.rglob(pattern) if path.is_file())


@fault("flip-vote", "one bit of one of the two copies of term and vote turns, in a stopped node")
def flip_vote(round_):
    node = round_.pick(round_.cluster.nodes)
    node.kill()
    path = group_files(node, "term-and-vote")[0]
    slot = round_.random.choice((0, 4096))
    at = flip(round_, path, slot, slot + 768)
    round_.injected(f"bit turned at {at} of term-and-vote of node {node.number}")
    round_.await_failover()


@fault("flip-log", "one bit of a sealed segment turns, in a stopped node: it repairs it, or refuses to start",
       second=False)
def flip_log(round_):
    # The newest file may end in what was not synced: damage there looks like a torn tail.
    flip_and_start(round_, "*.log", spared=1)


@fault("flip-snapshot", "one bit of a snapshot turns, in a stopped node: it repairs it, or refuses to start",
       second=False)
def flip_snapshot(round_):
    flip_and_start(round_, "*.snapshot", spared=0)


def flip_and_start(round_, pattern, spared):
    """A node that refuses its damaged file must say which it is; the file is then made whole again."""
    def candidates():
        found = [(node, group_files(node, pattern)) for node in round_.cluster.nodes]
        return [(node, path) for node, paths in found for path in paths[:len(paths) - spared]]

    node, path = round_.pick(wait_until(candidates, 60, f"files {pattern}"))
    node.kill()
    whole = path.read_bytes()
    # Zeros may lie between entries, where nothing is damaged by a bit.
    at = round_.pick([at for at in round_.random.sample(range(len(whole)), min(len(whole), 1000)) if whole[at]])
    turn_bit(round_, path, at)
    round_.injected(f"bit turned at {at} of {path.name} of node {node.number}")
    node.start()
    wait_until(lambda: node.pid is None or node.ready(), 30, f"node {node.number} to be ready, or to refuse")
    if node.pid is None:
        said = node.log_tail(3)
        if node.child.returncode != 1 or not (path.name in said or "cannot be read" in said):
            raise ClusterError(f"node {node.number} ended with {node.child.returncode} and does not say why: {said}")
        round_.say("it refused to start: needs repair")
        path.write_bytes(whole)
    elif pattern == "*.log":
        await_repair(round_, node, path, whole, at, 0)
    else:
        round_.say("it started")
    round_.await_failover()


def repaired_entries(node):
    """How many the node's process has repaired since it was started."""
    page = wait_until(lambda: node.get("/metrics"), 20, f"node {node.number} to answer")[1].decode()
    return int(re.search(r"^holdfast_repaired_entries_total (\d+)$", page, re.MULTILINE).group(1))


def await_repair(round_, node, path, whole, at, before):
    """A damaged segment whose node runs is made whole by the node, at the latest when its background check comes by.

    Of an entry's header not every byte is as it was: it says what was durable when it was written. So a repaired entry,
    more than the node had repaired `before`, counts like the byte.
    """
    check = sum(other.stat().st_size for other in group_files(node, "*.log")) / CHECKED_BYTES_PER_SECOND

    def is_whole():
        return not path.exists() or path.read_bytes()[at] == whole[at] or repaired_entries(node) > before

    wait_until(is_whole, 90 + 2 * check, f"byte {at} of {path} to be repaired")
    round_.say("repaired")


@fault("flip-running", "one bit of a sealed segment turns under a running node: nobody is served it, it is repaired")
def flip_running(round_):
    def candidates():
        found = [(node, group_files(node, "*.log")[:-1]) for node in round_.cluster.nodes]
        return [(node, path) for node, paths in found for path in paths]

    node, path = round_.pick(wait_until(candidates, 60, "a sealed segment"))
    content = path.read_bytes()
    # Zeros may lie between entries, where nothing is damaged by a bit.
    at = round_.pick([at for at in round_.random.sample(range(8192, 3 << 20), 1000) if content[at]])
    before = repaired_entries(node)
    turn_bit(round_, path, at)
    round_.injected(f"bit turned at {at} of {path.name} of running node {node.number}")
    verdict = round_.stage.read_again(60)
    if not verdict.good:
        raise ClusterError(f"while it was damaged: {verdict}; {verdict.examples[:3]}")

    await_repair(round_, node, path, content, at, before)


@fault("flip-index", "one bit of an index sidecar turns, in a stopped node: the segment is read instead")
def flip_index(round_):
    flip_one(round_, "*.idx")


def flip_one(round_, pattern):
    """Turns a bit in one file of a kind, in a node that has one by now."""
    def candidates():
        return [(node, path) for node in round_.cluster.nodes for path in group_files(node, pattern)]

    node, path = round_.pick(wait_until(candidates, 60, f"a file {pattern}"))
    node.kill()
    at = flip(round_, path, 0, path.stat().st_size)
    round_.injected(f"bit turned at {at} of {path.name} of node {node.number}")
    round_.await_failover()
