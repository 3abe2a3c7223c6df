"""Classes in which nodes come and go."""

import shutil
import threading

from faults.catalogue import fault
from faults.cuts import both_ways, place
from nodes import ClusterError, wait_until


@fault("lost-disk", "the data of one node is gone: it refuses to start, and is filled again by the others",
       needs={"join"})
def lost_disk(round_):
    node = round_.pick(round_.cluster.nodes)
    node.kill()
    shutil.rmtree(node.data)
    round_.injected(f"data of node {node.number} gone")
    node.start()
    wait_until(lambda: node.pid is None, 20, f"node {node.number} to refuse to start without its data")
    if node.child.returncode == 0 or str(node.data) not in node.log_tail(5):
        raise ClusterError(f"node {node.number} ended with {node.child.returncode}: {node.log_tail(3)}")
    round_.await_failover()
    round_.cluster.reseed(node)
    round_.say("filled again")


class Nuisance(threading.Thread):
    """Cuts a link for a moment, some times, or until it is told to stop. Starts no process that lives on."""

    CUTS = 12

    def __init__(self, round_, pairs):
        super().__init__(daemon=True)
        self.round, self.pairs, self.count = round_, pairs, 0
        self.is_over = threading.Event()

    def run(self):
        while self.count < self.CUTS and not self.is_over.is_set():
            self.round.network.cut(*self.pairs)
            self.count += 1
            self.is_over.wait(self.round.random.uniform(0.05, 0.5))
            self.round.network.heal()
            self.is_over.wait(self.round.random.uniform(0.1, 0.5))

    def stop(self):
        self.is_over.set()
        self.join(10)


@fault("members-under-cuts", "a node leaves, is emptied and joins again while the links of another break and heal",
       needs={"cut", "join"})
def members_under_cuts(round_):
    node, other = round_.random.sample(round_.cluster.nodes, 2)
    nuisance = Nuisance(round_, both_ways([place(other)], map(place, round_.others(other))))
    nuisance.start()
    try:
        round_.injected(f"node {node.number} leaves and joins, node {other.number} comes and goes")
        round_.cluster.reseed(node)
    finally:
        nuisance.stop()
    round_.say(f"{nuisance.count} cuts meanwhile")
    round_.outcome.fired = round_.network.fired()


@fault("hand-over", "leadership is handed over by command", second=False)
def hand_over(round_):
    heir = round_.pick(round_.followers())
    round_.injected(f"leadership to node {heir.number}")
    round_.cluster.change("transfer", "--to", heir.number)
    round_.await_failover()
