"""Linux namespaces, so that nothing the suite makes can outlive it.

As root the suite runs as process 1 of a process namespace of its own, with a mount and a network namespace of its own.
When it ends, however it ends, the kernel ends every process in there, unmounts what was mounted and removes the
interfaces. Nothing has a name in the surrounding system, so nothing there can be mistaken for ours.
"""

import ctypes
import os
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent():
    """The kernel kills this process when its parent ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def run_inside(body):
    """Runs `body()` as process 1 of fresh namespaces; returns its exit code. SIGINT and SIGTERM are passed on to it."""
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET), "unshare")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_inside(body))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda which, _: os.kill(child, which))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _inside(body):
    try:
        die_with_parent()
        # The terminal's Ctrl-C reaches this process through its parent, once.
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        code = body()
    except KeyboardInterrupt:
        code = 130
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cluster/faults: cannot set up namespaces: {error}", file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


class NetworkSpace:
    """A network namespace, held open by a sleeping process; `prefix` runs a command in it."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL,
                                       preexec_fn=die_with_parent, start_new_session=True)
        self._wait_apart()

    def _wait_apart(self):
        """Returns once the holder has left this process's namespace."""
        own = os.readlink("/proc/self/ns/net")
        path = f"/proc/{self.holder.pid}/ns/net"
        for _ in range(2000):
            if self.holder.poll() is not None:
                raise OSError("the holder of a network namespace ended")
            if os.readlink(path) != own:
                return
            signal.sigtimedwait([], 0.001)
        raise OSError("no network namespace within 2 s")

    @property
    def prefix(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]

    def run(self, *command):
        subprocess.run([*self.prefix, *command], check=True, capture_output=True)

    def close(self):
        self.holder.kill()
        self.holder.wait()
