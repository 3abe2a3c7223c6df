"""kafka-python's own integration suite against a cluster of ours, and how cluster/client-suites judges.

aiokafka's suite is not in its source package, and not every machine reaches its repository: it is run by
`cluster/client-suites` alone.
"""

import subprocess
import sys

import pytest
from conftest import OFFSET
from nodes import REPOSITORY, ClusterError
from suites.known import Known, read_known
from suites.runs import Result
from suites.sources import SUITES, fetch

ELSEWHERE = [Known("client", "never", "test_a.py::test_listed*", "we do not have it"),
             Known("client", "alone", "test_a.py::test_single", "wants one broker")]


@pytest.mark.timeout(600)
def test_kafka_pythons_own_suite():
    command = [sys.executable, str(REPOSITORY / "cluster" / "lib" / "suites" / "main.py"), "--client", "kafka-python",
               "--port-offset", str(OFFSET + 400)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kafka-python: " in done.stdout and " passed, " in done.stdout


@pytest.mark.parametrize("test, outcome, problem", (
    ("test_a.py::test_new", "passed", ""),
    ("test_a.py::test_new", "skipped", ""),
    ("test_a.py::test_new", "failed", "test_a.py::test_new failed: words"),
    ("test_a.py::test_listed[1]", "failed", ""),
    ("test_a.py::test_listed[1]", "skipped", ""),
    ("test_a.py::test_listed[1]", "passed",
     "test_a.py::test_listed[1] passed, though known.txt says: we do not have it"),
    ("test_a.py::test_single", "passed", ""),
    ("test_a.py::test_single", "failed", "test_a.py::test_single failed: words"),
))
def test_results_are_compared_with_what_is_known(test, outcome, problem):
    result = Result(test, outcome, "words")
    result.judge(ELSEWHERE)
    assert result.problem == problem


def test_every_known_test_has_a_reason():
    for client in SUITES:
        known = read_known(client)
        assert known and all(entry.reason for entry in known)


def test_tests_that_are_not_those_pinned_are_refused(monkeypatch, scratch):
    """A tampered copy is fetched anew; what then comes and is not what was pinned is not run."""
    monkeypatch.setenv("CLUSTER_ROOT", str(scratch))
    suite = SUITES["kafka-python"]
    tampered = scratch / "suites" / f"kafka-python-{suite.version}" / suite.tests
    tampered.mkdir(parents=True)
    (tampered / "test_x.py").write_text("def test_x(): pass\n")
    monkeypatch.setattr("suites.sources.download", lambda *_: "archive")
    monkeypatch.setattr("suites.sources.unpack", lambda archive, suite, folder: tampered_again(folder / suite.tests))
    with pytest.raises(ClusterError, match="not those that were pinned"):
        fetch(suite)
    assert not tampered.exists()


def tampered_again(folder):
    folder.mkdir()
    (folder / "test_y.py").write_text("def test_y(): pass\n")
