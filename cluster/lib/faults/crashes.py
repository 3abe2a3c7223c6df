"""Classes of ended and paused processes."""

import signal
import time

from faults.catalogue import fault
from nodes import ClusterError, wait_until


@fault("kill-leader", "kill -9 of the leader")
def kill_leader(round_):
    leader = round_.leader()
    round_.injected(f"kill -9 of node {leader.number}, the leader")
    leader.kill()
    round_.await_failover()
    round_.hold(0, 2)


@fault("kill-follower", "kill -9 of a follower")
def kill_follower(round_):
    follower = round_.pick(round_.followers())
    round_.injected(f"kill -9 of node {follower.number}, a follower")
    follower.kill()
    round_.await_failover()
    round_.hold(0, 2)


@fault("kill-two", "kill -9 of two nodes at once: no majority until they are back")
def kill_two(round_):
    victims = round_.random.sample(round_.cluster.nodes, 2)
    round_.injected("kill -9 of nodes " + " and ".join(str(node.number) for node in victims))
    for node in victims:
        node.signal(signal.SIGKILL)
    for node in victims:
        node.wait_gone(10)
    round_.hold(0, 2)


@fault("kill-all", "kill -9 of all nodes at once")
def kill_all(round_):
    round_.injected("kill -9 of all nodes")
    round_.cluster.kill_all()
    round_.hold(0, 1)


@fault("kill-recovering", "kill -9 of all nodes, and of each again while it starts")
def kill_recovering(round_):
    round_.injected("kill -9 of all nodes, and again while they start")
    round_.cluster.kill_all()
    for _ in range(3):
        for node in round_.cluster.nodes:
            node.start()
        round_.hold(0, 0.4)
        round_.cluster.kill_all()


@fault("pause-leader", "SIGSTOP of the leader for 0.1 to 6 s")
def pause_leader(round_):
    leader = round_.leader()
    round_.injected(f"SIGSTOP of node {leader.number}, the leader")
    leader.signal(signal.SIGSTOP)
    round_.hold(0.1, 6)


@fault("pause-chain", "SIGSTOP of one leader after the other; the one before goes on as the next one stops")
def pause_chain(round_):
    stopped = None
    told = []
    for _ in range(3):
        leader = new_leader(round_, stopped)
        round_.injected("")
        leader.signal(signal.SIGSTOP)
        told.append(str(leader.number))
        round_.hold(0.2, 1.5)
        if stopped is not None:
            stopped.signal(signal.SIGCONT)
        stopped = leader
        round_.hold(0, 0.6)
    round_.say("SIGSTOP of leaders " + ", ".join(told))


def new_leader(round_, stopped):
    """The leader that the nodes which run have; with one of three stopped there is one soon."""
    nodes = [node for node in round_.cluster.nodes if node is not stopped]

    def found():
        claims = [(status["term"], node.number) for node in nodes
                  if (status := node.status()) is not None and status["role"] == "leader"]
        return round_.cluster.node(max(claims)[1]) if claims else None

    return wait_until(found, 30, "a new leader")


@fault("pause-and-kill", "SIGSTOP of the leader, kill -9 of a follower while it stands still, and then of the leader")
def pause_and_kill(round_):
    leader, follower = round_.leader(), round_.pick(round_.followers())
    round_.injected(f"SIGSTOP of node {leader.number}, kill -9 of node {follower.number}")
    leader.signal(signal.SIGSTOP)
    round_.hold(0, 1)
    follower.kill()
    round_.hold(0, 1)
    if round_.random.random() < 0.5:
        leader.kill()
        round_.say("then of the paused one")
    else:
        follower.start()
        round_.hold(0, 0.5)


def stop_cleanly(node):
    code = node.stop(20)
    if code != 0:
        raise ClusterError(f"node {node.number} ended with {code} at SIGTERM")


@fault("transfer", "the leader is asked to stop (SIGTERM): it hands over first", second=False)
def transfer(round_):
    leader = round_.leader()
    round_.injected(f"SIGTERM to node {leader.number}, the leader")
    stop_cleanly(leader)
    round_.await_failover()


@fault("rolling-restart", "every node is stopped with SIGTERM and started again, one after the other", second=False)
def rolling_restart(round_):
    round_.injected("SIGTERM to one node after the other")
    for node in [*round_.followers(), round_.leader()]:
        stop_cleanly(node)
        time.sleep(round_.random.uniform(0, 0.3))
        node.start()
        round_.cluster.wait_ready(30)
    round_.await_failover()
