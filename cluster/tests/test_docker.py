"""The container's scripts, run outside a container; the compose file, when Docker's client can check it."""

import os
import subprocess

import pytest

from nodes import REPOSITORY

DOCKER = REPOSITORY / "docker"
STUB = """#!/bin/sh
echo "$@" >> "$CALLS"
[ "$1" = format ] && mkdir "$3"
env | grep '^HOLDFAST_' | sort >> "$CALLS"
"""


@pytest.fixture
def entrypoint(scratch):
    """A function that runs the entry point with a stand-in for holdfast: (exit code, errors, what was called)."""
    commands = scratch / "bin"
    commands.mkdir()
    (commands / "holdfast").write_text(STUB)
    (commands / "holdfast").chmod(0o755)
    volume = scratch / "volume"
    volume.mkdir()
    calls = scratch / "calls"

    def run(*arguments, **settings):
        calls.write_text("")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        environment = {**inherited, "PATH": f"{commands}:{os.environ['PATH']}", "CALLS": str(calls),
                       "HOLDFAST_DATA": str(volume / "data"), "HOLDFAST_NODE_ID": "2",
                       "HOLDFAST_PEERS": "1=10.0.0.1:7001,2=10.0.0.2:7001", **settings}
        done = subprocess.run([DOCKER / "entrypoint.sh", *arguments], env=environment, capture_output=True, text=True)
        return done.returncode, done.stderr, calls.read_text()

    run.volume = volume
    return run


FIRST = {"HOLDFAST_FORMAT": "1", "HOLDFAST_CLUSTER_ID": "11111111-2222-4333-8444-555555555555"}


def test_an_empty_volume_is_not_a_fresh_start(entrypoint):
    code, errors, calls = entrypoint()
    assert code != 0 and "HOLDFAST_FORMAT=1" in errors and calls == ""


def test_the_first_start_formats_and_later_ones_do_not(entrypoint):
    (entrypoint.volume / "lost+found").mkdir()
    code, errors, calls = entrypoint(**FIRST)
    assert code == 0, errors
    assert calls.startswith(f"format --data {entrypoint.volume}/data --cluster-id {FIRST['HOLDFAST_CLUSTER_ID']} "
                            "--node-id 2 --peers 1=10.0.0.1:7001,2=10.0.0.2:7001\n")
    assert "\nserve\n" in calls
    for settings in ({}, FIRST):
        code, errors, calls = entrypoint(**settings)
        assert code == 0, errors
        assert calls.startswith("serve\n")
        assert "HOLDFAST_FORMAT" not in calls and "HOLDFAST_CLUSTER_ID" not in calls


def test_a_volume_with_something_else_is_not_touched(entrypoint):
    (entrypoint.volume / "photos").mkdir()
    code, errors, calls = entrypoint(**FIRST)
    assert code != 0 and "photos" in errors and calls == ""


def test_formatting_needs_a_cluster_id(entrypoint):
    code, errors, calls = entrypoint(HOLDFAST_FORMAT="1")
    assert code != 0 and "HOLDFAST_CLUSTER_ID" in errors and calls == ""


def test_other_commands_pass_through(entrypoint):
    code, _, calls = entrypoint("status", "--admin", "10.0.0.1:8081")
    assert code == 0 and calls.startswith("status --admin 10.0.0.1:8081\n")


def test_healthcheck(cluster):
    def check(port):
        return subprocess.run([DOCKER / "healthcheck.sh"], capture_output=True,
                              env={**os.environ, "HOLDFAST_ADMIN_LISTEN": f"0.0.0.0:{port}"}, timeout=20).returncode

    node = next(node for node in cluster.nodes if node is not cluster.leader())
    assert check(node.admin_port) == 0
    node.kill()
    assert check(node.admin_port) != 0


def test_compose_file():
    try:
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there is no docker compose on this machine to check the file with")
    done = subprocess.run(["docker", "compose", "-f", str(DOCKER / "compose.yaml"), "config", "--quiet"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
