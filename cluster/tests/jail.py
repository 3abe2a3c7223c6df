"""Runs the image's nodes as a container engine would. Started by test_docker.py inside namespaces of its own.

Each node has a root directory with nothing but the binary, an empty data directory of its user, /proc, and the two
files of /etc that an engine writes. It runs as the image's user with the environment of the image and the compose file;
a name server on 127.0.0.11 knows the nodes' names, as Docker's does. Reads a plan from standard input as JSON.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

PLAN = json.load(sys.stdin)
PATIENCE = 30
SETTINGS = ("KAFKA_LISTEN", "PEER_LISTEN", "ADMIN_LISTEN")


def address(name):
    """node2 is 127.0.1.2: the nodes share one network, so that each listens on an address of its own."""
    return f"127.0.1.{name[len('node'):]}"


def bring_up_loopback():
    with socket.socket() as any_socket:
        up = struct.pack("16sh", b"lo", 1)
        fcntl.ioctl(any_socket, 0x8914, up)


def answer(question):
    """The reply to one DNS question (RFC 1035, section 4): an address, no address of that type, or no such name."""
    end, labels = 12, []
    while question[end]:
        labels.append(question[end + 1:end + 1 + question[end]].decode())
        end += 1 + question[end]
    name, (kind,) = ".".join(labels), struct.unpack(">H", question[end + 1:end + 3])
    asked = question[12:end + 5]
    if name not in PLAN["nodes"]:
        return question[:2] + struct.pack(">5H", 0x8183, 1, 0, 0, 0) + asked
    if kind != 1:
        return question[:2] + struct.pack(">5H", 0x8180, 1, 0, 0, 0) + asked
    record = struct.pack(">HHHIH", 0xc00c, 1, 1, 600, 4) + socket.inet_aton(address(name))
    return question[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + asked + record


def serve_names():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.11", 53))

    def run():
        while True:
            question, client = server.recvfrom(4096)
            server.sendto(answer(question), client)

    threading.Thread(target=run, daemon=True).start()


class Container:
    def __init__(self, name, plan):
        self.root = Path(PLAN["directory"]) / name
        self.plan = plan
        self.process = None
        for folder in ("etc", "proc", "data"):
            (self.root / folder).mkdir(parents=True)
        shutil.copy(PLAN["binary"], self.root / "holdfast")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        (self.root / "etc/resolv.conf").write_text("nameserver 127.0.0.11\noptions ndots:0\n")
        user, group = PLAN["user"].split(":")
        os.chown(self.root / "data", int(user), int(group))
        subprocess.run(["mount", "-t", "proc", "proc", str(self.root / "proc")], check=True)
        self.environment = {**PLAN["environment"], **plan["environment"]}
        for setting in SETTINGS:
            port = self.environment[f"HOLDFAST_{setting}"].rpartition(":")[2]
            self.environment[f"HOLDFAST_{setting}"] = f"{address(name)}:{port}"
        # Clients run inside as well, and reach the nodes by name.
        self.environment["HOLDFAST_KAFKA_NODES"] = ",".join(
            f"{n[len('node'):]}={n}:9092" for n in PLAN["nodes"])
        self.health = [word.replace("127.0.0.1", address(name)) for word in PLAN["health"]]

    def start(self, words, **options):
        command = [shutil.which("chroot"), f"--userspec={PLAN['user']}", "--groups=", str(self.root), *words]
        return subprocess.Popen(command, env=self.environment, text=True, stdout=subprocess.PIPE,
                                **{"stderr": subprocess.PIPE, **options})

    def run(self, words, stdin=""):
        process = self.start(words, stdin=subprocess.PIPE)
        output, errors = process.communicate(stdin, timeout=PATIENCE)
        return process.returncode, output, errors

    def serve(self):
        with open(self.root / "log", "a", encoding="utf-8") as log:
            self.process = self.start([*PLAN["entrypoint"], *PLAN["command"]], stderr=log)

    def is_healthy(self):
        return self.run(self.health)[0] == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def check(condition, *facts):
    if not condition:
        raise SystemExit(f"jail: {facts}")


def wait_healthy(containers):
    deadline = time.monotonic() + PATIENCE
    while not all(container.is_healthy() for container in containers):
        if time.monotonic() > deadline:
            logs = {str(container.root): (container.root / "log").read_text()[-2000:] for container in containers}
            raise SystemExit(f"jail: not healthy after {PATIENCE} s: {logs}")
        time.sleep(0.1)


def first_start(containers):
    for container in containers:
        code, _, errors = container.run([*PLAN["entrypoint"], *PLAN["command"]])
        check(code == 1 and "not formatted" in errors, "an empty volume", code, errors)
        words = [*PLAN["entrypoint"], *container.plan["format"]]
        code, _, errors = container.run(words)
        check(code == 0, "format", code, errors)
        code, _, errors = container.run(words)
        check(code == 1 and "already formatted" in errors, "format again", code, errors)


def main():
    bring_up_loopback()
    serve_names()
    containers = [Container(name, plan) for name, plan in PLAN["nodes"].items()]
    first_start(containers)
    for container in containers:
        container.serve()
    wait_healthy(containers)
    sent = [f"record {number}" for number in range(2000)]
    client = [*PLAN["entrypoint"]]
    code, _, errors = containers[0].run([*client, "produce", "--bootstrap", "node2:9092", "--topic", "jail"],
                                        "".join(f"{line}\n" for line in sent))
    check(code == 0, "produce", code, errors)
    # One node leaves and comes back; the others go on, and it finds them by name again.
    code = containers[2].stop()
    check(code == 0, "exit code at SIGTERM", code)
    check(not containers[2].is_healthy(), "a node that is down is healthy")
    wait_healthy(containers[:2])
    containers[2].serve()
    wait_healthy(containers)
    code, output, errors = containers[1].run([*client, "consume", "--bootstrap", "node3:9092", "--topic", "jail"])
    check(code == 0 and output.splitlines() == sent, "consume", code, errors, output[:200])
    codes = [container.stop() for container in containers]
    check(codes == [0, 0, 0], "exit codes at SIGTERM", codes)
    owners = {path.lstat().st_uid for container in containers for path in (container.root / "data").rglob("*")}
    check(owners == {int(PLAN["user"].split(":")[0])}, "owners of the data", owners)


main()
