"""The clients' own suites, fetched at exactly the versions that .venv has, checked, and unpacked below .cluster/.

Nothing of them is kept in the repository. What is run is pinned by a SHA-256 over the names and contents of the test
files, so that it does not matter by which way they came.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from nodes import ClusterError, default_root


@dataclass(frozen=True)
class Suite:
    client: str
    version: str
    # The folder of tests, in the source package or the repository.
    tests: str
    # What of it is run: the files whose tests talk to a broker. The others say nothing about one.
    files: tuple
    # Over the names and contents of everything in `tests`.
    sha256: str
    # The commit of that version, where the source package has no tests.
    repository: str = ""
    commit: str = ""
    # What the suite wants of its broker.
    serve_options: tuple = ()
    # How long a byte takes, in seconds, to and from the address that the suite is given.
    distance: float = 0
    # Which Kafka the suite is told that it talks to.
    kafka_version: str = ""
    pytest_options: tuple = ()
    # Which of the files here points it at the cluster that is there.
    plugin: str = ""


# As both suites set up their own brokers.
QUICK_GROUPS = ("--group-rebalance-delay-ms", "0", "--group-min-session-ms", "1000")

KAFKA_PYTHON = Suite(
    "kafka-python", "3.0.12", "test",
    ("test/integration/test_admin_integration.py", "test/integration/test_consumer_integration.py",
     "test/integration/test_producer_integration.py", "test/integration/test_sasl_integration.py",
     "test/integration/test_ssl_integration.py"),
    "f1eae7ef5f8ca00ad1e2a1bca22b68db5237d96bf391ea551bf51ca97ed379f8",
    serve_options=("--default-partitions", "4", *QUICK_GROUPS), kafka_version="4.2.0",
    plugin="kafka_python_plugin.py",
    # Topics that its consumer notes between its first metadata request and the answer are not asked for until
    # metadata.max.age.ms are over. One that is told the version is still being constructed then, when the broker is on
    # the same machine; at a distance its topics are noted while the connection is being set up.
    distance=0.02,
    pytest_options=("-W", "ignore::DeprecationWarning"))

AIOKAFKA = Suite(
    "aiokafka", "0.14.0", "tests",
    tuple(f"tests/test_{name}.py" for name in (
        "admin", "client", "conn", "consumer", "coordinator", "pep492", "producer", "sasl", "sender",
        "transactional_consumer", "transactional_producer")),
    "66db26c79d441ce7ff8e1e080d3b84148d3db73a519b0fe4cb3a9571e44fbf7c",
    "https://github.com/aio-libs/aiokafka", "672947afe85c91b7d953f0259e69837a711d3246",
    serve_options=("--default-partitions", "2", *QUICK_GROUPS), kafka_version="3.9.0",
    plugin="aiokafka_plugin.py",
    # The version is taken from the image's name. Warnings are errors, as the suite has it in its own settings.
    pytest_options=("--docker-image=holdfast:2.13_3.9.0", "--no-pull", "-W", "error", "-W",
                    "default:unclosed event loop:ResourceWarning"))

SUITES = {suite.client: suite for suite in (KAFKA_PYTHON, AIOKAFKA)}


def digest(folder):
    """SHA-256 over the files below `folder`: each one's path in it, its length and its contents, by path."""
    total = hashlib.sha256()
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for name, path in sorted((str(path.relative_to(folder)), path) for path in files):
        content = path.read_bytes()
        total.update(f"{name}\n{len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def run(command, seconds=600):
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{' '.join(map(str, command))} did not end within {seconds} s") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise ClusterError(f"{' '.join(map(str, command))} failed:\n" + "\n".join(last))


def unpack(archive, suite, folder):
    """The tests alone: the client that runs is the one installed in .venv."""
    with tarfile.open(archive) as tar:
        members = []
        for member in tar.getmembers():
            parts = Path(member.name).parts
            if len(parts) > 1 and parts[1] == suite.tests and member.isfile():
                member.name = str(Path(*parts[1:]))
                members.append(member)
        tar.extractall(folder, members, filter="data")


def download(suite, folder):
    """From PyPI's source package, or from the client's repository where that has no tests."""
    if not suite.repository:
        run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--no-binary", suite.client, "--dest", folder, f"{suite.client}=={suite.version}"])
        return next(folder.glob("*.tar.gz"))
    origin = os.environ.get("CLUSTER_" + suite.client.upper().replace("-", "_") + "_GIT") or suite.repository
    clone = folder / "clone"
    run(["git", "init", "--quiet", "--bare", clone])
    run(["git", "-C", clone, "fetch", "--quiet", "--depth", "1", origin, suite.commit])
    archive = folder / "tests.tar"
    run(["git", "-C", clone, "archive", "--prefix", "suite/", "--output", archive, suite.commit, suite.tests])
    return archive


def fetch(suite):
    """The folder that holds the suite's tests; ClusterError when they cannot be had, or are not what was pinned."""
    folder = default_root() / "suites" / f"{suite.client}-{suite.version}"
    if (folder / suite.tests).is_dir() and digest(folder / suite.tests) == suite.sha256:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "download").mkdir(parents=True)
    unpack(download(suite, fresh / "download"), suite, fresh)
    shutil.rmtree(fresh / "download")
    found = digest(fresh / suite.tests)
    if found != suite.sha256:
        raise ClusterError(f"the tests of {suite.client} {suite.version} are not those that were pinned: SHA-256 "
                           f"{found}, expected {suite.sha256}; they are in {fresh}")
    fresh.rename(folder)
    return folder
