"""One local cluster: where its files are, and how its nodes are formatted, started, watched and stopped.

Standard library only, so that it runs before the virtual environment exists. A cluster lives in one directory:

    cluster.json          cluster id, ports, the nodes it began with, which came and went, which have been formatted
    node-N/data           what `holdfast` owns
    node-N/log            standard error of the node, all of its runs
    node-N/pid            "PID START": START is the kernel's start time of that process, so that a number the
                          kernel has given to somebody else since is never signalled
"""

import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.02


class ClusterError(Exception):
    """Something a person can act on; the message says what and where."""


def wait_until(condition, seconds, what):
    """The first true value of `condition()`; ClusterError naming `what` when none comes within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise ClusterError(f"waited {seconds:g} s for {what}, in vain")
        time.sleep(POLL_SECONDS)


def start_time(pid):
    """The kernel's start time of a process that runs (a zombie does not), or None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat[stat.rindex(")") + 2:].split()
    return None if fields[0] in "ZX" else fields[19]


def port_is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class Ports:
    """Ports of node 1; node N has each of them plus N - 1, and `offset` moves all of them."""
    kafka: int = 9092
    peer: int = 7001
    admin: int = 8081
    offset: int = 0

    def of(self, kind, node):
        return getattr(self, kind) + self.offset + node - 1

    def all(self, nodes):
        return [(kind, n, self.of(kind, n)) for n in range(1, nodes + 1) for kind in ("kafka", "peer", "admin")]

    def check(self, nodes):
        seen = {}
        for kind, node, port in self.all(nodes):
            if not 1 <= port <= 65535:
                raise ClusterError(f"the {kind} port of node {node} would be {port}: not between 1 and 65535")
            if port in seen:
                raise ClusterError(f"port {port} would be both the {kind} port of node {node} and {seen[port]}")
            seen[port] = f"the {kind} port of node {node}"


def free_ports(nodes, offset):
    """Ports from `offset` on, in steps of 20, none of which anybody listens on."""
    for candidate in range(offset, offset + 2000, 20):
        ports = Ports(offset=candidate)
        if all(port_is_free(port) for _, _, port in ports.all(nodes)):
            return ports
    raise ClusterError(f"no free ports found from offset {offset} on")


class Node:
    """One node of a cluster. Its process may have been started by this program or by an earlier one."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.directory = cluster.directory / f"node-{number}"
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self.pid_file = self.directory / "pid"
        ports = cluster.shape.ports
        self.kafka_port = ports.of("kafka", number)
        self.peer_port = ports.of("peer", number)
        self.admin_port = ports.of("admin", number)
        self.child = None

    def __repr__(self):
        return f"node {self.number}"

    @property
    def host(self):
        """The address it listens on."""
        return "127.0.0.1"

    @property
    def bootstrap(self):
        return f"{self.host}:{self.kafka_port}"

    @property
    def admin(self):
        return f"{self.host}:{self.admin_port}"

    @property
    def pid(self):
        """The process id while the node runs, else None."""
        if self.child is not None:
            if self.child.poll() is not None:
                return None
            return self.child.pid
        try:
            pid, started = self.pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if start_time(pid) == started else None

    def serve_command(self):
        shape = self.cluster.shape
        return [
            str(self.cluster.binary), "serve", "--data", str(self.data), "--node-id", str(self.number),
            "--kafka-listen", self.bootstrap, "--kafka-advertise", self.bootstrap,
            "--peer-listen", f"{self.host}:{self.peer_port}", "--admin-listen", self.admin,
            "--peers", shape.address_list("peer"), "--kafka-nodes", shape.address_list("kafka"),
            *self.cluster.serve_options,
        ]

    def format(self):
        """The explicit first start. What was formatted once and is gone is an error, never a fresh start."""
        shape = self.cluster.shape
        if self.number in shape.formatted:
            if not self.data.is_dir():
                raise ClusterError(
                    f"node {self.number} was formatted before, but {self.data} is gone. Put it back, let the others "
                    f"fill it again with: cluster/reseed {self.number}, or begin anew with: cluster/up --fresh (which "
                    f"deletes every node's data)")
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.number in shape.added:
            role = ["--join"]
        else:
            role = ["--peers", shape.address_list("peer", shape.founders())]
        command = [
            str(self.cluster.binary), "format", "--data", str(self.data), "--cluster-id", shape.cluster_id,
            "--node-id", str(self.number), *role, *self.cluster.format_options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=self.cluster.environment())
        if done.returncode != 0:
            raise ClusterError(f"formatting node {self.number} failed (exit {done.returncode}): "
                               f"{(done.stderr or done.stdout).strip()}")
        shape.formatted.append(self.number)
        self.cluster.save()

    def start(self):
        """Starts the process, unless it runs. Does not wait for it to serve."""
        if self.pid is not None:
            return
        self.check_ports()
        command = self.serve_command()
        if self.cluster.ephemeral and shutil.which("setpriv"):
            # A test that is itself killed must not leave nodes behind: the kernel then ends them with it.
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, env=self.cluster.environment())
        self.pid_file.write_text(f"{self.child.pid} {start_time(self.child.pid)}\n")

    def check_ports(self):
        """ClusterError when somebody else has one of the node's ports."""
        for kind, port in (("Kafka", self.kafka_port), ("peer", self.peer_port), ("admin", self.admin_port)):
            if not port_is_free(port):
                raise ClusterError(f"port {port} (the {kind} port of node {self.number}) is in use; choose others "
                                   f"with --port-offset, or see who has it with: ss -ltnp 'sport = :{port}'")

    def signal(self, number):
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)

    def kill(self):
        """kill -9, and waits until the process is gone. False when it did not run."""
        if self.pid is None:
            return False
        self.signal(signal.SIGKILL)
        self.wait_gone(10)
        return True

    def wait_gone(self, seconds):
        wait_until(lambda: self.pid is None, seconds, f"node {self.number} to end")

    def stop(self, seconds=20):
        """SIGTERM, then SIGKILL when the deadline passes. Returns the exit code, None when it is not known."""
        if self.pid is not None:
            self.signal(signal.SIGTERM)
            try:
                self.wait_gone(seconds)
            except ClusterError:
                self.kill()
                raise ClusterError(f"node {self.number} did not end within {seconds} s of SIGTERM and was killed; "
                                   f"its log ends:\n{self.log_tail()}") from None
        return None if self.child is None else self.child.returncode

    def get(self, path, seconds=2.0):
        """(HTTP status, body) of the admin port, or None when nobody answers there."""
        connection = http.client.HTTPConnection(self.host, self.admin_port, timeout=seconds)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def ready(self):
        answer = self.get("/health/ready")
        return answer is not None and answer[0] == 200

    def status(self):
        """What the node says of itself (the JSON of /status), or None when it does not answer."""
        answer = self.get("/status")
        if answer is None or answer[0] != 200:
            return None
        try:
            return json.loads(answer[1])
        except ValueError as error:
            raise ClusterError(f"/status of node {self.number} is not JSON ({error}): {answer[1][:200]!r}") from error

    def resident_kilobytes(self, key="VmRSS"):
        """A memory figure of the process (see proc(5), status), in KiB; None when it does not run."""
        pid = self.pid
        if pid is None:
            return None
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        return None

    def log_tail(self, lines=15):
        try:
            text = self.log.read_text(errors="replace")
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])


@dataclass
class Shape:
    """What does not change in a cluster's life; kept in cluster.json."""
    nodes: int
    cluster_id: str
    ports: Ports
    formatted: list = field(default_factory=list)
    # Joined the cluster while it ran, also under the number of one that was removed.
    added: list = field(default_factory=list)
    removed: list = field(default_factory=list)

    def founders(self):
        return list(range(1, self.nodes + 1))

    def ever(self):
        return sorted({*self.founders(), *self.added})

    def members(self):
        return [n for n in self.ever() if n not in self.removed]

    def address_list(self, kind, numbers=None):
        return ",".join(f"{n}=127.0.0.1:{self.ports.of(kind, n)}" for n in numbers or self.ever())

    @staticmethod
    def read(path):
        try:
            raw = json.loads(path.read_text())
            return Shape(raw["nodes"], raw["cluster_id"], Ports(**raw["ports"]), raw["formatted"],
                         raw.get("added", []), raw.get("removed", []))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterError(f"{path} is damaged ({error}); begin anew with: cluster/up --fresh") from error


class Cluster:
    """All nodes of one cluster.

    `node_type` is the class of its nodes: a suite that places them elsewhere than on loopback has its own.
    `ephemeral` clusters belong to one run of a test or benchmark: their nodes end with this process, and settings
    of the surrounding environment do not reach them.
    """

    def __init__(self, directory, shape, binary, ephemeral=False, serve_options=(), format_options=(),
                 node_type=Node):
        self.directory = Path(directory)
        self.shape = shape
        self.binary = binary
        self.ephemeral = ephemeral
        self.serve_options = list(serve_options)
        self.format_options = list(format_options)
        self.node_type = node_type
        self.nodes = [node_type(self, n) for n in shape.members()]

    @staticmethod
    def find(directory, binary=None):
        """The cluster kept in `directory`, or None."""
        shape = Shape.read(Path(directory) / "cluster.json")
        return None if shape is None else Cluster(directory, shape, binary)

    @staticmethod
    def create(directory, nodes, ports, binary, **options):
        ports.check(nodes)
        cluster = Cluster(directory, Shape(nodes, str(uuid.uuid4()), ports), binary, **options)
        cluster.save()
        return cluster

    def save(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        fresh = self.directory / "cluster.json.new"
        fresh.write_text(json.dumps(asdict(self.shape), indent=2) + "\n")
        fresh.rename(self.directory / "cluster.json")

    def environment(self):
        if not self.ephemeral:
            return None
        return {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}

    def node(self, number):
        for node in self.nodes:
            if node.number == number:
                return node
        names = ", ".join(str(node.number) for node in self.nodes)
        raise ClusterError(f"there is no node {number}: the nodes of this cluster are {names}")

    @property
    def bootstrap(self):
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def admin(self):
        return ",".join(node.admin for node in self.nodes)

    def running(self):
        return [node for node in self.nodes if node.pid is not None]

    def format_and_start(self):
        for node in self.nodes:
            node.format()
        for node in self.nodes:
            node.start()

    def leader(self):
        """The running node that leads in the highest term, or None."""
        claims = []
        for node in self.running():
            status = node.status()
            if status is not None and status.get("role") == "leader":
                claims.append((status.get("term", 0), node.number))
        return self.node(max(claims)[1]) if claims else None

    def fail_if_ended(self, nodes):
        for node in nodes:
            if node.pid is None:
                raise ClusterError(f"node {node.number} ended; its log ({node.log}) ends:\n{node.log_tail()}")

    def wait_ready(self, seconds=30, nodes=None):
        """Waits until `nodes` (all, by default) are ready and one of the cluster leads; returns the leader."""
        nodes = self.nodes if nodes is None else nodes

        def leader_when_ready():
            self.fail_if_ended(nodes)
            return all(node.ready() for node in nodes) and self.leader()

        names = ", ".join(str(node.number) for node in nodes)
        try:
            return wait_until(leader_when_ready, seconds, f"a leader and for node {names} to be ready")
        except ClusterError as error:
            logs = "\n".join(f"--- log of node {node.number} ends:\n{node.log_tail(8)}" for node in nodes)
            raise ClusterError(f"{error}\n{logs}") from None

    # Members that come and go.

    def change(self, *words, seconds=120, via=None):
        """`holdfast cluster ...`; ClusterError with what it said when it fails."""
        admin = ",".join(node.admin for node in (self.running() if via is None else via))
        command = [str(self.binary), "cluster", *map(str, words), "--admin", admin]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=self.environment())
        except subprocess.TimeoutExpired:
            raise ClusterError(f"{' '.join(command)} did not end within {seconds} s") from None
        if done.returncode != 0:
            raise ClusterError(f"cluster {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stderr

    def grow(self, seconds=120):
        """Starts one node more, has it catch up, makes it a voter; returns it."""
        number = max(self.shape.ever()) + 1
        node = self.node_type(self, number)
        node.check_ports()
        self.shape.added.append(number)
        self.nodes.append(node)
        node.format()
        self.add(node, seconds)
        return node

    def add(self, node, seconds=120):
        """Starts a node that is formatted to join, and adds it."""
        node.start()
        others = [other for other in self.running() if other is not node]
        self.change("add", "--node", node.number, "--peer", f"{node.host}:{node.peer_port}", "--kafka", node.bootstrap,
                    "--wait-s", int(seconds), seconds=seconds + 30, via=others)

    def shrink(self, node):
        """Takes a node out; waits until it has ended. Its data stays, and is of no more use."""
        self.change("remove", "--node", node.number, via=[other for other in self.running() if other is not node])
        node.wait_gone(20)
        self.nodes.remove(node)
        self.shape.removed.append(node.number)
        self.save()

    def reseed(self, node, seconds=120):
        """DELETES what a node has stored and lets the others fill it again, under its old number."""
        if node.pid is not None:
            node.stop()
        status = next((status for status in map(Node.status, self.running()) if status), None)
        if status is None or node.number in [*status["voters"], *status["learners"]]:
            self.change("remove", "--node", node.number)
        if node.data.exists():
            shutil.rmtree(node.data)
        if node.number in self.shape.formatted:
            self.shape.formatted.remove(node.number)
        if node.number not in self.shape.added:
            self.shape.added.append(node.number)
        self.save()
        node.format()
        self.add(node, seconds)

    def kill_all(self):
        """kill -9 of every node at once: all signals go out before the first death is waited for."""
        running = self.running()
        for node in running:
            node.signal(signal.SIGKILL)
        for node in running:
            node.wait_gone(10)

    def stop_all(self, seconds=20):
        """SIGTERM to every node. Returns {node number: exit code, None when it is not known}."""
        running = self.running()
        for node in running:
            node.signal(signal.SIGTERM)
        problems, codes = [], {}
        for node in running:
            try:
                codes[node.number] = node.stop(seconds)
            except ClusterError as error:
                problems.append(str(error))
        if problems:
            raise ClusterError("\n".join(problems))
        return codes

    def delete(self):
        """Ends the nodes and deletes everything the cluster has stored."""
        self.kill_all()
        shutil.rmtree(self.directory, ignore_errors=False)


def ephemeral_cluster(name, offset, binary, nodes=3, prepare=None, **options):
    """A fresh cluster for one run, below .cluster/, on free ports, started and ready.

    `prepare` is called with the cluster before its nodes are formatted; `options` are those of `Cluster`.
    """
    directory = default_root() / name
    old = Cluster.find(directory)
    if old is not None:
        old.delete()
    elif directory.exists():
        shutil.rmtree(directory)
    cluster = Cluster.create(directory, nodes, free_ports(nodes, offset), binary, ephemeral=True, **options)
    try:
        if prepare is not None:
            prepare(cluster)
        cluster.format_and_start()
        cluster.wait_ready()
    except BaseException:
        cluster.kill_all()
        raise
    return cluster


def default_root():
    """Where clusters are kept: .cluster/ of the repository, or CLUSTER_ROOT."""
    return Path(os.environ.get("CLUSTER_ROOT") or REPOSITORY / ".cluster")


def interrupt_on_terminate():
    """SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that it stops the nodes it started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def require_binary():
    """The holdfast executable, as cluster/lib/needs.sh exported it."""
    binary = os.environ.get("CLUSTER_HOLDFAST")
    if not binary or not os.access(binary, os.X_OK):
        raise ClusterError(f"CLUSTER_HOLDFAST={binary!r} names no executable; run this through cluster/…")
    return Path(binary)


@contextmanager
def lock(directory):
    """One command at a time per cluster."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with open(directory.parent / f".{directory.name}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"another cluster command is at work on {directory.name}; waiting for it", file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
