"""The simulator, in the program as users have it: many seeds, every link graph, and a few planted defects."""

import os
import subprocess

import planted
import pytest
from nodes import require_binary

SEEDS = 2000
# Found within seconds each; the whole list is `cluster/planted`.
QUICK = [
    "acknowledges-before-flush", "leader-counts-unflushed", "votes-twice", "votes-for-stale-logs",
    "speaks-before-saving", "heartbeat-commits-unmatched", "matches-by-index-only", "entries-not-synced",
    "state-not-synced", "truncation-not-recorded", "deletes-live-segments", "unknown-is-success",
    "new-leader-forgets-producers", "snapshot-forgets-producers", "loses-deletes", "no-pre-vote", "no-check-quorum",
    "learners-count", "changes-while-pending", "records-removed-directory", "transactions-not-fenced",
    "takes-late-transactional", "admits-behind-markers", "snapshot-forgets-aborted",
]


def simulate(*arguments):
    """Runs one command; answers its exit code and output."""
    result = subprocess.run([require_binary(), "simulate", *arguments], capture_output=True, text=True, timeout=1800,
                            env=dict(os.environ, SWIFT_BACKTRACE="enable=no"))
    return result.returncode, result.stdout + result.stderr


def test_no_seed_fails_and_every_fault_fires():
    """A slice of the campaign."""
    code, words = simulate("--seeds", f"1..{SEEDS}", "--require-coverage")
    assert code == 0, words[-4000:]


def test_the_same_seed_gives_the_same_run():
    """Event by event, by hash."""
    code, words = simulate("--seeds", "500001..500200", "--twice")
    assert code == 0, words[-4000:]


def test_every_link_graph():
    """64 graphs, entered from three leaders."""
    code, words = simulate("--link-graphs")
    assert code == 0 and "192 link graphs, 0 failed" in words, words[-4000:]


def test_a_seed_is_replayed_line_by_line():
    """The same words each time, ending in the verdict."""
    first = simulate("--seed", "7")
    assert first == simulate("--seed", "7")
    assert first[0] == 0 and first[1].splitlines()[-1].startswith("seed 7: passed;")


@pytest.mark.parametrize("arguments, words", [
    (["--seed", "x"], "is no seed"),
    (["--seeds", "5..2"], "is no range"),
    (["--seeds", "5"], "is no range"),
    ([], "give one of --seed"),
    (["--seed", "1", "--seeds", "1..2"], "give one of --seed"),
    (["--seeds", "1..2", "--jobs", "0"], "--jobs"),
    (["--plant", "votes-twice"], "unknown flag --plant"),
])
def test_wrong_arguments_are_refused(arguments, words):
    """By name. A release build has no planted defects to ask for."""
    code, said = simulate(*arguments)
    assert code != 0 and words in said, said


@pytest.fixture(scope="module")
def test_build():
    """The program with its planted defects."""
    return planted.build()


@pytest.mark.timeout(1200)
def test_the_test_build_without_a_defect_passes(test_build):
    """Else the next test would show nothing. Raft's own invariants are checked after every call in this build."""
    result = subprocess.run([test_build, "simulate", "--seeds", "1..200"], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


@pytest.mark.parametrize("bug", QUICK)
def test_a_planted_bug_is_found(test_build, bug):
    """Each within a few hundred seeds."""
    assert bug in planted.bugs()
    count, words = planted.find(test_build, bug, first=1, limit=500, jobs=2)
    assert count is not None, words
