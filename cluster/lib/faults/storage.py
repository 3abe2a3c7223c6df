"""Where the nodes of a stage keep their data: on the machine's disk, on small file systems, or on one that forgets."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from faults.spaces import die_with_parent
from nodes import REPOSITORY, ClusterError, wait_until

FORGETFUL = REPOSITORY / "cluster" / "faults.d" / "forgetful.c"
SMALL_MEGABYTES = 256
SYNC_MILLISECONDS = 3


class PlainStorage:
    """Folders on the disk that the repository is on."""

    serve_settings = ()
    topic_settings = {}

    def prepare(self, cluster):
        """Called before the nodes are formatted."""

    def heal(self, cluster):
        """Called before nodes that ended are started again."""

    def is_worn(self):
        """Too little room is left for another round."""
        return False

    def close(self):
        """Called when all processes have ended."""


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


class SmallStorage(PlainStorage):
    """A small ext4 per node, in a file on a loop device. The nodes take records until it is full."""

    serve_settings = ("--min-free-bytes", "0")

    def __init__(self):
        self.points = {}

    def prepare(self, cluster):
        for node in cluster.nodes:
            node.directory.mkdir(parents=True)
            image, point = node.directory / "image", node.directory / "disk"
            point.mkdir()
            with open(image, "wb") as handle:
                handle.truncate(SMALL_MEGABYTES << 20)
            subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-F", str(image)], check=True, capture_output=True)
            mount("-o", "loop", str(image), str(point))
            self.points[node.number] = point
            node.data = point / "data"

    def ballast(self, node):
        return self.points[node.number] / "ballast"

    def fill(self, node, leave):
        """Takes all the room that is left on a node's disk but `leave` bytes."""
        status = os.statvfs(self.points[node.number])
        size = max(status.f_bavail * status.f_frsize - leave, 4096)
        with open(self.ballast(node), "wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, size)

    def free(self, node):
        self.ballast(node).unlink(missing_ok=True)

    def heal(self, cluster):
        for node in cluster.nodes:
            self.free(node)

    def is_worn(self):
        return any(shutil.disk_usage(point).free < SMALL_MEGABYTES << 19 for point in self.points.values())

    def close(self):
        for point in self.points.values():
            subprocess.run(["umount", str(point)], check=True)


class WatchedStorage(SmallStorage):
    """The same, with the watermark that nodes have by themselves."""

    serve_settings = ()


class ForgetfulStorage(PlainStorage):
    """A file system in user space per node, which loses at a power cut what was not synced: see forgetful.c."""

    def __init__(self, program):
        self.program = program
        self.servers, self.points, self.stores = {}, {}, {}
        self.seed = 1

    def prepare(self, cluster):
        for node in cluster.nodes:
            self.stores[node.number] = node.directory / "platter"
            self.points[node.number] = node.directory / "disk"
            self.stores[node.number].mkdir(parents=True)
            self.points[node.number].mkdir()
            self._mount(node.number)
            node.data = self.points[node.number] / "data"

    def _mount(self, number):
        point = self.points[number]
        self.seed += 1
        command = [self.program, self.stores[number], point, self.seed, SYNC_MILLISECONDS]
        with open(point.parent.parent / f"disk-{number}.log", "ab") as log:
            self.servers[number] = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                preexec_fn=die_with_parent, start_new_session=True, text=True)
        wait_until(lambda: self.servers[number].poll() is not None or os.path.ismount(point), 10, "the mount")
        if self.servers[number].poll() is not None:
            raise ClusterError(f"the forgetful file system ended with {self.servers[number].returncode}")

    def stall(self, node, is_stalled):
        """The disk stops answering, or goes on."""
        self.servers[node.number].send_signal(signal.SIGSTOP if is_stalled else signal.SIGCONT)

    def lie(self):
        """From now on, until the next loss of power, a sync does nothing."""
        for server in self.servers.values():
            server.send_signal(signal.SIGUSR2)

    def cut_power(self, nodes, seed):
        """The nodes end, and what they had not synced is lost: of each node
        [pages lost, pages that were not synced, names lost]."""
        self.seed = seed * 100
        for node in nodes:
            self.servers[node.number].send_signal(signal.SIGUSR1)
        for node in nodes:
            wait_until(lambda: self.servers[node.number].poll() is not None, 20, "the disk to lose its power")
            node.signal(signal.SIGKILL)
        lost = []
        for node in nodes:
            node.wait_gone(10)
            words, _ = self.servers[node.number].communicate(timeout=20)
            lost.append([int(word) for word in words.split() if word.isdigit()])
            subprocess.run(["umount", "-l", str(self.points[node.number])], check=True)
            self._mount(node.number)
        return lost

    def heal(self, cluster):
        for node in cluster.nodes:
            self.stall(node, False)

    def close(self):
        for number, server in self.servers.items():
            server.send_signal(signal.SIGCONT)
            subprocess.run(["umount", "-l", str(self.points[number])], check=False)
            server.kill()
            server.wait()
            server.stdout.close()


class RebootingStorage(ForgetfulStorage):
    """The same, for a topic that is acknowledged from memory. A node that has lost power finds itself on another boot
    of its machine: a file covers what the kernel says of that, for the node's process alone."""

    topic_settings = {"holdfast.flush": "async"}
    SCRIPT = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'

    def prepare(self, cluster):
        super().prepare(cluster)
        self.boots = 0
        for node in cluster.nodes:
            self._boot(node)
            node.wrapper = ["unshare", "--mount", "sh", "-c", self.SCRIPT, str(self._identity(node))]

    @staticmethod
    def _identity(node):
        return node.directory / "boot"

    def _boot(self, node):
        self.boots += 1
        self._identity(node).write_text(f"00000000-0000-4000-8000-{self.boots:012x}\n")

    def cut_power(self, nodes, seed):
        lost = super().cut_power(nodes, seed)
        for node in nodes:
            self._boot(node)
        return lost


def build_forgetful(directory):
    """Compiles the forgetful file system into `directory`; the program."""
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / "forgetful"
    if program.exists() and program.stat().st_mtime > FORGETFUL.stat().st_mtime:
        return program
    done = subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Wno-format-truncation", "-D_FILE_OFFSET_BITS=64", "-I/usr/include/fuse3",
         str(FORGETFUL), "-o", str(program), "-lfuse3", "-lpthread"], capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"{FORGETFUL.name} does not compile: {done.stderr.strip()}")
    return program


def why_no_loop_devices():
    """None when a file can be mounted as a file system here, else why not."""
    if shutil.which("mkfs.ext4") is None:
        return "no mkfs.ext4"
    done = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"no loop devices: {done.stderr.strip()}"


def why_no_fuse():
    """None when a file system in user space can be mounted here, else why not."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse: {error.strerror}"
    return None if Path("/usr/include/fuse3/fuse.h").exists() else "no libfuse3-dev"


def why_no_strace():
    """None when system calls of our own children can be made to fail, else why not."""
    if shutil.which("strace") is None:
        return "no strace"
    done = subprocess.run(["strace", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"], capture_output=True,
                          text=True)
    return None if done.returncode == 0 else f"strace cannot inject: {done.stderr.strip()[:100]}"
