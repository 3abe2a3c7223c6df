"""The suite's side of the client sites: starts their processes and asks them."""

import json
import marshal
import select
import subprocess
import sys
from array import array
from pathlib import Path

from faults.spaces import die_with_parent
from history import SiteHistory
from nodes import ClusterError

CLIENT = Path(__file__).with_name("client.py")


class ClientSite:
    """One process of `client.py`, at a place of the network."""

    def __init__(self, name, prefix, log):
        self.name = name
        with open(log, "ab") as handle:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, str(CLIENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=handle,
                preexec_fn=die_with_parent, start_new_session=True)
        self.log = log

    def ask(self, do, seconds=30, **arguments):
        self.tell(do, **arguments)
        return self.answer(seconds)

    def tell(self, do, **arguments):
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ClusterError(f"client site {self.name} is gone ({error}); its log: {self.log}") from error

    def answer(self, seconds=30):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise ClusterError(f"client site {self.name} did not answer within {seconds} s; its log: {self.log}")
        line = self.process.stdout.readline()
        if not line:
            raise ClusterError(f"client site {self.name} ended; its log: {self.log}")
        reply = json.loads(line)
        if "error" in reply:
            raise ClusterError(f"client site {self.name}: {reply['error']}")
        return reply

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def ask_all(sites, do, seconds=30, **arguments):
    """The answers of all sites, asked at once."""
    for site in sites:
        site.tell(do, **arguments)
    return [site.answer(seconds) for site in sites]


def read_history(path):
    raw = marshal.loads(Path(path).read_bytes())
    places = array("q")
    places.frombytes(raw.pop("places"))
    seen = []
    for content in raw.pop("seen"):
        seen.append(array("q"))
        seen[-1].frombytes(content)
    return SiteHistory(places=places, seen=seen, **raw)
