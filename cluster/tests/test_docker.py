"""The image and the compose file, as far as they can be checked without a container engine."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nodes import REPOSITORY, require_binary

DOCKER = REPOSITORY / "docker"
JAIL = Path(__file__).resolve().parent / "jail.py"
NODES = ("node1", "node2", "node3")


def instructions():
    """(stage, instruction, words) of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    stage = 0
    for line in filter(None, text.splitlines()):
        instruction, words = line.split(maxsplit=1)
        stage += instruction == "FROM"
        yield stage, instruction, words.strip()


def image():
    """What the last stage says, by instruction; of ENV all of them."""
    last = max(stage for stage, _, _ in instructions())
    found = {"ENV": {}}
    for stage, instruction, words in instructions():
        if stage == last and instruction == "ENV":
            name, value = words.split("=", 1)
            found["ENV"][name] = value
        elif stage == last:
            found[instruction] = words
    return found


def in_exec_form(words):
    """The words of a command that no shell is asked to split."""
    return json.loads(words[words.index("["):])


def compose():
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (DOCKER / "compose.yaml").read_text())
    return yaml.safe_load(text)


@pytest.fixture(scope="session")
def static_binary(tmp_path_factory):
    """The image's binary: this build's objects, linked with the Dockerfile's flag."""
    objects = require_binary().parent / "holdfast.product" / "Objects.LinkFileList"
    if not objects.exists():
        pytest.skip(f"{require_binary()} was not built here: {objects} is missing")
    binary = tmp_path_factory.mktemp("static") / "holdfast"
    # The package manager gives main another name, so that tests can be linked with the executable's module.
    linker = [word for option in ("--gc-sections", "--defsym=main=holdfast_main") for word in ("-Xlinker", option)]
    done = subprocess.run(["swiftc", "-static-executable", *linker, f"@{objects}", "-o", str(binary)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    subprocess.run(["strip", str(binary)], check=True)
    return binary


def test_the_image_is_a_static_binary_and_runs_as_a_user(static_binary):
    build = " ".join(words for stage, instruction, words in instructions() if stage == 1 and instruction == "RUN")
    assert "--static-swift-stdlib -Xswiftc -static-executable --product holdfast" in build
    stated = image()
    assert stated["FROM"] == "scratch" and "RUN" not in stated, "there is no shell in the image"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stated["USER"])
    # An interpreter or a needed library would be a program header of type 3 or 2.
    kinds = subprocess.run(["readelf", "-lW", static_binary], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in kinds and "DYNAMIC" not in kinds
    assert static_binary.stat().st_size < 20 << 20


def test_compose_and_image_agree():
    stated, services = image(), compose()["services"]
    volume = stated["VOLUME"]
    for number, name in enumerate(NODES, 1):
        node, form = services[name], services[f"format{number}"]
        assert node["environment"]["HOLDFAST_NODE_ID"] == str(number) and f"--node-id={number}" in form["command"]
        assert node["volumes"] == form["volumes"] == [f"data{number}:{volume}"]
        assert form["profiles"], "format must not run unless it is named"
        assert f"--peers={node['environment']['HOLDFAST_PEERS']}" in form["command"]
        assert {"read_only": True, "cap_drop": ["ALL"]}.items() <= node.items()
        published = [port.rpartition(":")[2] for port in node["ports"]]
        assert set(published) <= set(stated["EXPOSE"].split())
        advertised = node["environment"]["HOLDFAST_KAFKA_NODES"].split(",")[number - 1]
        assert f"{advertised.partition('=')[2]}:9092" in node["ports"]
    assert set(compose()["volumes"]) == {"data1", "data2", "data3"}


def test_three_nodes_with_nothing_but_the_image(static_binary, scratch):
    """First start, health, names, clients, a restart and a clean stop, in roots that hold only what the image holds."""
    namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*namespaces, "true"], capture_output=True).returncode != 0:
        pytest.skip("namespaces cannot be made here: that takes root")
    stated, services = image(), compose()["services"]
    plan = {
        "binary": str(static_binary), "directory": str(scratch), "user": stated["USER"], "environment": stated["ENV"],
        "entrypoint": in_exec_form(stated["ENTRYPOINT"]), "command": in_exec_form(stated["CMD"]),
        "health": in_exec_form(stated["HEALTHCHECK"]),
        "nodes": {name: {"environment": services[name]["environment"],
                         "format": services[name.replace("node", "format")]["command"]} for name in NODES},
    }
    done = subprocess.run([*namespaces, sys.executable, str(JAIL)], input=json.dumps(plan), capture_output=True,
                          text=True, timeout=200)
    assert done.returncode == 0, done.stderr


def test_docker_accepts_the_compose_file():
    for command in ("docker compose", "docker-compose"):
        try:
            version = subprocess.run([*shlex.split(command), "version", "--short"], capture_output=True, text=True,
                                     check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        if int(version.lstrip("v").split(".")[0]) >= 2:
            break
    else:
        pytest.skip("there is no docker compose 2 on this machine to check the file with")
    done = subprocess.run([*shlex.split(command), "-f", str(DOCKER / "compose.yaml"), "config", "--quiet"],
                          capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
