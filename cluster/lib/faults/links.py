"""The network between nodes and client sites, with the kernel's own means: veth pairs and nftables.

The suite's own network namespace is the router in the middle. Each place (a node "n1", a client site "c1") is a
namespace of its own, on a link of its own; every packet from one place to another crosses the router's forward chain,
where a fault is a rule. What the suite itself says to the nodes does not cross it and is never disturbed.
"""

import json
import re
import subprocess
from pathlib import Path

from faults.spaces import NetworkSpace

TABLE = "faults"


class KernelNetwork:
    """Cuts and loss by (source, destination), both places; the same pair once per direction."""

    # A node has one address for all others here, so it can join under it.
    can = {"cut", "loss", "sites", "join"}
    name = "namespaces"

    def __init__(self, nodes, sites):
        self.places = [f"n{n}" for n in range(1, nodes + 1)] + [f"c{n}" for n in range(1, sites + 1)]
        self.spaces = {}
        self.cuts, self.losses = set(), {}
        self.dropped = 0
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        for number, place in enumerate(self.places, 1):
            self._attach(number, place)
        self._nft(f"table ip {TABLE} {{ chain links {{ type filter hook forward priority 0; policy accept; }}\n}}\n")

    def _attach(self, number, place):
        space = self.spaces[place] = NetworkSpace()
        inner, outer = f"{place}in", f"{place}out"
        self._ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        self._ip("link", "set", inner, "netns", str(space.holder.pid))
        self._ip("address", "add", f"10.77.{number}.1/24", "dev", outer)
        self._ip("link", "set", outer, "up")
        space.run("ip", "link", "set", "lo", "up")
        space.run("ip", "address", "add", f"10.77.{number}.2/24", "dev", inner)
        space.run("ip", "link", "set", inner, "up")
        space.run("ip", "route", "add", "default", "via", f"10.77.{number}.1")

    @staticmethod
    def _ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    @staticmethod
    def _nft(script):
        done = subprocess.run(["nft", "-f", "-"], input=script, text=True, capture_output=True)
        if done.returncode != 0:
            raise OSError(f"nft refused its rules: {done.stderr.strip()}")

    # What a stage asks of any network.

    def bind(self, ports):
        """Every place is a namespace of its own: any port is free there."""

    def host(self, place):
        return f"10.77.{self.places.index(place) + 1}.2"

    def prefix(self, place):
        return self.spaces[place].prefix

    def peer_address(self, source, destination, port):
        """Where `source` finds the peer port of `destination`."""
        return f"{self.host(f'n{destination}')}:{port}"

    def kafka_address(self, node, port):
        return f"{self.host(f'n{node}')}:{port}"

    # Faults.

    def cut(self, *pairs):
        """From now on nothing passes from the first to the second place of each pair."""
        self.cuts.update(pairs)
        self._apply()

    def lose(self, percent, pairs):
        self.losses.update({pair: percent for pair in pairs})
        self._apply()

    def heal(self):
        self.cuts.clear()
        self.losses.clear()
        self._apply()

    def _apply(self):
        self.dropped += self._count()
        lines = [f"flush chain ip {TABLE} links"]
        for pair in sorted(self.cuts):
            lines.append(self._rule(pair, "counter drop"))
        for pair, percent in sorted(self.losses.items()):
            lines.append(self._rule(pair, f"numgen random mod 1000 < {round(percent * 10)} counter drop"))
        self._nft("\n".join(lines) + "\n")

    def _rule(self, pair, action):
        return f"add rule ip {TABLE} links ip saddr {self.host(pair[0])} ip daddr {self.host(pair[1])} {action}"

    def _count(self):
        """Packets dropped by the rules that stand now."""
        done = subprocess.run(["nft", "-j", "list", "chain", "ip", TABLE, "links"], text=True, capture_output=True,
                              check=True)
        return sum(json.loads(number) for number in re.findall(r'"packets": (\d+)', done.stdout))

    def fired(self):
        """Packets dropped since the last call."""
        count, self.dropped = self.dropped + self._count(), 0
        # Counters of standing rules go on; what was reported is taken off again.
        self._apply()
        self.dropped = 0
        return count

    def close(self):
        self.heal()
        for space in self.spaces.values():
            space.close()


def why_not():
    """None when this machine can do it, else why not."""
    try:
        space = NetworkSpace()
    except OSError as error:
        return f"no network namespaces: {error}"
    try:
        space.run("ip", "link", "add", "probe-a", "type", "veth", "peer", "name", "probe-b")
        space.run("nft", "add table ip probe; add chain ip probe c { type filter hook forward priority 0; }; "
                         "add rule ip probe c numgen random mod 1000 < 10 counter drop")
    except (OSError, subprocess.CalledProcessError) as error:
        words = getattr(error, "stderr", b"") or b""
        return f"no veth or nftables: {error} {words.decode(errors='replace').strip()}"
    finally:
        space.close()
    return None
