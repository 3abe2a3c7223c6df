"""Classes in which everything happens at once."""

import signal
import time

from faults.catalogue import fault
from faults.cuts import both_ways, place
from faults.disks import cut_power


def break_something(round_):
    """One blow at random; returns its words."""
    node = round_.pick(round_.cluster.nodes)
    others = [place(other) for other in round_.others(node)]
    blow = round_.random.choice(("kill", "pause", "isolate", "deafen", "silence", "go on"))
    if blow == "kill":
        node.kill()
    elif blow == "pause":
        node.signal(signal.SIGSTOP)
    elif blow == "isolate":
        round_.network.cut(*both_ways([place(node)], others))
    elif blow == "deafen":
        round_.network.cut(*[(other, place(node)) for other in others])
    elif blow == "silence":
        round_.network.cut(*[(place(node), other) for other in others])
    else:
        round_.stage.restore()
    return f"{blow} {node.number}"


def storm(round_, seconds, pause):
    """Blow after blow, whatever state the last ones have left."""
    told, until = [], time.monotonic() + seconds * round_.pace
    while time.monotonic() < until:
        told.append(break_something(round_))
        round_.outcome.fired += 1
        round_.hold(0, pause)
    round_.injected(", ".join(told), 0)


@fault("storm", "cuts, kills and pauses of any nodes, one upon the other, for 10 s", needs={"cut"})
def storm_of_all(round_):
    storm(round_, 10, 1.2)


@fault("storm-power", "the same, and in the end all nodes lose power", stage="forgetful", needs={"cut", "fuse"})
def storm_and_power(round_):
    storm(round_, 6, 1.0)
    cut_power(round_, round_.cluster.nodes, round_.seed)


@fault("left-behind", "a follower is down while much is written, then must catch up while a leader dies", second=False)
def left_behind(round_):
    follower = round_.pick(round_.followers())
    follower.kill()
    round_.injected(f"node {follower.number} down")
    round_.hold(3, 8)
    leader = round_.pick([node for node in round_.cluster.nodes if node is not follower])
    follower.start()
    round_.hold(0, 0.3)
    leader.kill()
    round_.say(f"node {leader.number} killed while it catches up")
    round_.hold(0, 1)
