"""Classes of broken links."""

from faults.catalogue import fault


def both_ways(node, others):
    """Every pair of places between a node and others, in both directions."""
    places = [f"n{other.number}" for other in others]
    here = f"n{node.number}"
    return [(here, place) for place in places] + [(place, here) for place in places]


def isolate(round_, node):
    round_.network.cut(*both_ways(node, round_.others(node)))
    round_.injected(f"node {node.number} cut off from its peers")


@fault("isolate-leader", "the leader is cut off from the other nodes; clients reach all of them", needs={"cut"})
def isolate_leader(round_):
    isolate(round_, round_.leader())
    round_.await_failover()
    round_.hold(0.5, 3)
    round_.outcome.fired += round_.network.fired()
