"""A minute of fuzzing over every decoder, from the saved inputs on."""

import re
import subprocess

import pytest

from nodes import REPOSITORY

SECONDS = 60
# The fuzzer is built first where it is not there yet.
BUILDING = 900
pytestmark = pytest.mark.timeout(BUILDING + 5 * SECONDS)


def fuzz(*words):
    done = subprocess.run([REPOSITORY / "cluster" / "fuzz", *words], capture_output=True, text=True,
                          timeout=BUILDING + 4 * SECONDS)
    return done.returncode, done.stdout, done.stderr


def test_a_minute_of_fuzzing_finds_nothing():
    # One seed, so that a run says something of the change it is run on; campaigns by hand take new ones.
    code, table, errors = fuzz("--seconds", str(SECONDS), "--seed", "1")
    assert code == 0, f"{table}\n{errors}"
    ran = re.findall(r"^(\S+) +([\d,]+) +[\d,]+ +([\d,]+) +[\d,]+  -$", table, re.MULTILINE)
    assert len(ran) >= 20, table
    # A target that is turned away at once, or that nothing instruments, would find nothing either.
    idle = [name for name, executions, edges in ran
            if int(executions.replace(",", "")) < 100 or int(edges.replace(",", "")) < 80]
    assert not idle, f"{idle} hardly ran:\n{table}"


@pytest.mark.parametrize("words", [("--target", "nosuch"), ("--target", "json", "--replay", "nosuch")])
def test_a_wrong_name_is_refused_before_anything_is_built(words):
    code, _, errors = fuzz(*words)
    assert code == 2 and "nosuch" in errors and "building" not in errors


def test_a_planted_trap_is_found():
    """Behind four comparisons: found in seconds when coverage guides the fuzzer, and not by chance."""
    code, table, errors = fuzz("--target", "planted", "--seconds", "60")
    assert code == 1 and "broken promise: planted" in table, f"{table}\n{errors}"
    finding = re.search(r"--replay (\S+)", table).group(1)
    code, output, _ = fuzz("--target", "planted", "--replay", str(REPOSITORY / finding))
    assert code == 1 and "broken promise: planted" in output
    for path in (REPOSITORY / finding, REPOSITORY / f"{finding}.txt"):
        path.unlink()
