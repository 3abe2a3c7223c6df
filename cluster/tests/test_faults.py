"""At least one round of every fault class that this machine permits, and that the suite leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import OFFSET
from nodes import REPOSITORY, default_root, wait_until

PROGRAM = REPOSITORY / "cluster" / "lib" / "faults" / "main.py"
# So many runs, each well within the limit of a test.
PARTS = 3


def command(*arguments):
    return [sys.executable, str(PROGRAM), "--port-offset", str(OFFSET + 300), *arguments]


def classes():
    """{name: why it cannot run here, or None}"""
    done = subprocess.run(command("--list"), capture_output=True, text=True, timeout=60, check=True)
    found = {}
    for line in done.stdout.splitlines():
        reason = re.search(r"\[cannot run here: (.*)\]$", line)
        found[line.split()[0]] = reason[1] if reason else None
    return found


@pytest.fixture(scope="module")
def known():
    found = classes()
    assert len(found) > 40, found
    return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_class_once(known, part):
    """One round each, in the order of the list, so that classes that share a cluster stand together."""
    names = [name for name, reason in known.items() if reason is None]
    mine = names[part * len(names) // PARTS:(part + 1) * len(names) // PARTS]
    done = subprocess.run(command("--brief", *(word for name in mine for word in ("--only", name))),
                          capture_output=True, text=True, timeout=390)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    played = re.findall(r"^ *\d+/\d+ (\S+) .* ok ", done.stdout, re.MULTILINE)
    assert sorted(set(played) - {"read-again"}) == sorted(mine)


def test_classes_that_cannot_run_here_say_why(known):
    reasons = [f"{name}: {reason}" for name, reason in known.items() if reason is not None]
    if reasons:
        pytest.skip("; ".join(reasons))


def test_over_the_proxy(known):
    """What is played without root's rights."""
    done = subprocess.run(command("--proxy", "--brief", "--only", "isolate-leader", "--only", "one-way-2-1", "--only",
                                  "leader-and-clients"), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_a_lying_disk_is_noticed(known):
    """The suite can fail: when a sync does nothing, a loss of power loses acknowledged records."""
    if known["power-loss"]:
        pytest.skip(known["power-loss"])
    done = subprocess.run(command("--lying-disks", "--brief", "--only", "power-loss", "--rounds", "1"),
                          capture_output=True, text=True, timeout=200)
    assert done.returncode == 1 and re.search(r"\b[1-9]\d* lost", done.stdout), done.stdout


def processes_of(directory):
    """Processes whose command line names a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in path.read_bytes():
                found.append(path.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_interrupted(known, number):
    """Nothing runs on, nothing stays mounted, and nothing but a killed run's files is left."""
    if known["disk-stall"]:
        pytest.skip(known["disk-stall"])
    directory = default_root() / "faults"
    interfaces = set(os.listdir("/sys/class/net"))
    process = subprocess.Popen(command("--rounds", "20", "--only", "isolate-leader", "--only", "disk-stall"),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert "1/" in process.stdout.readline()
        assert processes_of(directory)
        process.send_signal(number)
        assert process.wait(30) in (130, -number)
        wait_until(lambda: not processes_of(directory), 10, "every process of the suite to end")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert str(directory) not in Path("/proc/self/mounts").read_text()
    assert set(os.listdir("/sys/class/net")) <= interfaces
    if number != signal.SIGKILL:
        assert not any(directory.iterdir())
