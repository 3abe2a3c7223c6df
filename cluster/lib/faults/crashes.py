"""Classes of ended and paused processes."""

from faults.catalogue import fault


@fault("kill-leader", "kill -9 of the leader")
def kill_leader(round_):
    leader = round_.leader()
    round_.injected(f"kill -9 of node {leader.number}, the leader")
    leader.kill()
    round_.await_failover()
    round_.hold(0, 2)
