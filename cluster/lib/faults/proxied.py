"""The network between nodes and client sites as a user-space proxy: see proxy.py. Needs no rights of any kind."""

import json
import subprocess
import sys
from pathlib import Path

from faults.spaces import die_with_parent
from nodes import ClusterError

PROXY = Path(__file__).with_name("proxy.py")


class ProxyNetwork:
    """Cuts hold bytes back until they are healed; delays and swapped frames, resets and half-open connections."""

    can = {"cut", "sites", "delay", "swap", "reset", "silence"}
    name = "proxy"

    def __init__(self, nodes, sites):
        self.nodes = nodes
        self.places = [f"n{n}" for n in range(1, nodes + 1)] + [f"c{n}" for n in range(1, sites + 1)]
        self.process = subprocess.Popen([sys.executable, str(PROXY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        preexec_fn=die_with_parent, start_new_session=True)
        self.peer_ports, self.kafka_ports = {}, {}
        self.cuts, self.delays, self.swap = set(), {}, 0.0
        self.acted = 0

    def bind(self, ports):
        """Listens in front of a cluster with these ports; each cluster gets listeners of its own."""
        for far in range(1, self.nodes + 1):
            self.kafka_ports[far] = self.listen(None, far, ports.of("kafka", far))
            for near in range(1, self.nodes + 1):
                if near != far:
                    self.peer_ports[near, far] = self.listen(f"n{near}", far, ports.of("peer", far))

    def listen(self, near, far, port):
        """The port of a new listener in front of node `far`, for connections from `near` (None: from clients)."""
        return self._order(do="listen", near=near, far=f"n{far}", port=port)["port"]

    def _order(self, **order):
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError as error:
            raise ClusterError(f"the proxy is gone: {error}") from error
        if not line:
            raise ClusterError("the proxy ended")
        reply = json.loads(line)
        self.acted += reply.get("acted", 0)
        return reply

    # What a stage asks of any network.

    def host(self, _):
        return "127.0.0.1"

    def prefix(self, _):
        return []

    def peer_address(self, source, destination, port):
        return f"127.0.0.1:{self.peer_ports.get((source, destination), port)}"

    def kafka_address(self, node, _):
        return f"127.0.0.1:{self.kafka_ports[node]}"

    # Faults.

    def cut(self, *pairs):
        self.cuts.update(f"{source}>{destination}" for source, destination in pairs)
        self._apply()

    def delay(self, low, high, pairs):
        """Each piece of the stream waits for `low` to `high` seconds, in its order."""
        self.delays.update({f"{source}>{destination}": (low, high) for source, destination in pairs})
        self._apply()

    def swap_frames(self, probability):
        """Between nodes, a frame changes places with the next one."""
        self.swap = probability
        self._apply()

    def reset(self, pairs):
        """Ends the connections between the places of these pairs, at once and on both sides."""
        self._order(do="reset", pairs=[f"{source}>{destination}" for source, destination in pairs])

    def silence(self, pairs):
        """Ends them on the side that was dialled; the other side believes they are open."""
        self._order(do="silence", pairs=[f"{source}>{destination}" for source, destination in pairs])

    def heal(self):
        self.cuts.clear()
        self.delays.clear()
        self.swap = 0.0
        self._order(do="wake")
        self._apply()

    def _apply(self):
        self._order(do="rules", cuts=sorted(self.cuts), delays=self.delays, swap=self.swap)

    def fired(self):
        """How often a rule has acted since the last call."""
        self._order(do="count")
        acted, self.acted = self.acted, 0
        return acted

    def close(self):
        self.process.kill()
        self.process.wait()
