"""Classes of broken links."""

import signal
import time

from faults.catalogue import fault


def place(node):
    return f"n{node.number}"


def both_ways(here, there):
    """Every pair of places, one from each list, in both directions."""
    return [pair for a in here for b in there for pair in ((a, b), (b, a))]


def node_pairs(round_):
    return [(place(a), place(b)) for a in round_.cluster.nodes for b in round_.cluster.nodes if a is not b]


def cut(round_, words, pairs):
    round_.network.cut(*pairs)
    round_.injected(words)


def fired(round_):
    """The links' own count of what they have held back or dropped."""
    round_.outcome.fired = round_.network.fired()


@fault("isolate-leader", "the leader is cut off from the other nodes; clients reach all of them", needs={"cut"})
def isolate_leader(round_):
    leader = round_.leader()
    cut(round_, f"node {leader.number}, the leader, cut off from its peers",
        both_ways([place(leader)], map(place, round_.others(leader))))
    round_.await_failover()
    round_.hold(0.5, 3)
    fired(round_)


@fault("isolate-follower", "a follower is cut off from the other nodes; clients reach all of them", needs={"cut"})
def isolate_follower(round_):
    follower = round_.pick(round_.followers())
    cut(round_, f"node {follower.number}, a follower, cut off from its peers",
        both_ways([place(follower)], map(place, round_.others(follower))))
    round_.await_failover()
    round_.hold(1, 4)
    fired(round_)


@fault("leader-and-clients", "the leader and one client are cut off together from everybody else",
       needs={"cut", "sites"})
def leader_and_clients(round_):
    leader = round_.leader()
    site = round_.pick(round_.stage.sites)
    others = [other for other in round_.stage.sites if other is not site]
    here = [place(leader), site.name]
    there = [place(node) for node in round_.others(leader)] + [other.name for other in others]
    cut(round_, f"node {leader.number}, the leader, and {site.name} cut off together", both_ways(here, there))
    round_.await_failover(others)
    round_.hold(0.5, 4)
    fired(round_)


@fault("leader-from-clients", "the leader keeps its followers, but no client reaches it", needs={"cut", "sites"})
def leader_from_clients(round_):
    leader = round_.leader()
    cut(round_, f"node {leader.number}, the leader, cut off from all clients",
        both_ways([place(leader)], [site.name for site in round_.stage.sites]))
    round_.hold(0.5, 3)
    fired(round_)


def stir(round_, first, second):
    """Followers do not talk. When neither end of a cut leads, the leader stands still for a while: they vote."""
    leader = round_.leader()
    if leader.number not in (first, second):
        round_.hold(0, 0.5)
        leader.signal(signal.SIGSTOP)
        round_.say(f"SIGSTOP of node {leader.number}, the leader, meanwhile")
        # Longer than an election timeout, however brief the rest is.
        time.sleep(round_.random.uniform(0.8, 1.8))
        leader.signal(signal.SIGCONT)


def chain(first, second):
    """The link between two nodes is gone; the third still reaches both."""
    @fault(f"chain-{first}-{second}", f"no link between nodes {first} and {second}: the third is between them",
           needs={"cut"})
    def inject(round_):
        cut(round_, f"no link between nodes {first} and {second}", both_ways([f"n{first}"], [f"n{second}"]))
        round_.await_failover()
        stir(round_, first, second)
        round_.hold(1, 3)
        fired(round_)
    return inject


def one_way(first, second):
    @fault(f"one-way-{first}-{second}", f"nothing passes from node {first} to node {second}", needs={"cut"})
    def inject(round_):
        cut(round_, f"nothing from node {first} to node {second}", [(f"n{first}", f"n{second}")])
        round_.await_failover()
        stir(round_, first, second)
        round_.hold(1, 3)
        fired(round_)
    return inject


for _first, _second in ((1, 2), (1, 3), (2, 3)):
    chain(_first, _second)
    one_way(_first, _second)
    one_way(_second, _first)


@fault("deaf-leader", "the leader hears nobody, but everybody hears the leader", needs={"cut"})
def deaf_leader(round_):
    leader = round_.leader()
    cut(round_, f"node {leader.number}, the leader, hears nobody",
        [(place(other), place(leader)) for other in round_.others(leader)])
    round_.await_failover()
    round_.hold(0.5, 3)
    fired(round_)


@fault("mute-leader", "nobody hears the leader, but the leader hears everybody", needs={"cut"})
def mute_leader(round_):
    leader = round_.leader()
    cut(round_, f"nobody hears node {leader.number}, the leader",
        [(place(leader), place(other)) for other in round_.others(leader)])
    round_.await_failover()
    round_.hold(0.5, 3)
    fired(round_)


@fault("flapping", "links of the leader break and heal several times a second", needs={"cut"})
def flapping(round_):
    leader = round_.leader()
    turns = round_.random.randint(5, 10)
    for turn in range(turns):
        others = round_.random.sample(round_.others(leader), round_.random.randint(1, 2))
        cut(round_, f"{turns} short cuts around node {leader.number}" if turn == 0 else "",
            both_ways([place(leader)], map(place, others)))
        round_.hold(0.05, 0.5)
        round_.network.heal()
        round_.hold(0.05, 0.3)
    fired(round_)


@fault("loss", "packets between nodes are lost at random, 5 to 30 %", needs={"loss"})
def loss(round_):
    percent = round_.random.uniform(5, 30)
    round_.network.lose(percent, node_pairs(round_))
    round_.injected(f"{percent:.0f} % of all packets between nodes lost")
    round_.hold(2, 5)
    fired(round_)


@fault("loss-clients", "packets between clients and nodes are lost at random, 2 to 15 %", needs={"loss", "sites"})
def loss_clients(round_):
    percent = round_.random.uniform(2, 15)
    nodes, sites = map(place, round_.cluster.nodes), [site.name for site in round_.stage.sites]
    round_.network.lose(percent, both_ways(nodes, sites))
    round_.injected(f"{percent:.0f} % of all packets to and from clients lost")
    round_.hold(2, 4)
    fired(round_)


@fault("delay", "what nodes say to each other comes late, by up to 5 s", stage="proxy", needs={"delay"})
def delay(round_):
    high = round_.random.choice((0.02, 0.1, 0.3, 1, 5))
    round_.network.delay(0, high, node_pairs(round_))
    round_.injected(f"up to {high * 1000:.0f} ms between nodes")
    round_.hold(2, 5)
    fired(round_)


@fault("delay-leader", "what the leader says comes late, what it hears does not", stage="proxy", needs={"delay"})
def delay_leader(round_):
    leader = round_.leader()
    high = round_.random.choice((0.1, 0.4, 2))
    round_.network.delay(high / 2, high, [(place(leader), place(other)) for other in round_.others(leader)])
    round_.injected(f"node {leader.number}, the leader, is heard up to {high * 1000:.0f} ms late")
    round_.hold(2, 5)
    fired(round_)


@fault("reorder", "frames between nodes change places", stage="proxy", needs={"swap"})
def reorder(round_):
    probability = round_.random.uniform(0.02, 0.4)
    round_.network.swap_frames(probability)
    round_.injected(f"{probability * 100:.0f} % of all frames between nodes change places with the next one")
    round_.hold(2, 4)
    fired(round_)


@fault("dropped-connections", "connections between nodes, and of clients, are reset again and again", stage="proxy",
       needs={"reset"})
def dropped_connections(round_):
    turns = round_.random.randint(3, 8)
    clients = both_ways(map(place, round_.cluster.nodes), [site.name for site in round_.stage.sites])
    for turn in range(turns):
        round_.network.reset(round_.random.sample(node_pairs(round_), 2) + round_.random.sample(clients, 4))
        round_.injected(f"{turns} times some connections reset" if turn == 0 else "")
        round_.hold(0.05, 0.6)
    fired(round_)


@fault("half-open", "the leader's links are dead, but one side of each believes they are open", stage="proxy",
       needs={"silence"})
def half_open(round_):
    leader = round_.leader()
    pairs = [(place(leader), place(other)) for other in round_.others(leader)]
    round_.network.cut(*both_ways([place(leader)], map(place, round_.others(leader))))
    round_.network.silence(pairs)
    round_.injected(f"links of node {leader.number}, the leader, half open")
    round_.await_failover()
    round_.hold(0.5, 3)
    fired(round_)


@fault("two-cuts", "another node is isolated each time the last cut has healed", needs={"cut"})
def two_cuts(round_):
    for _ in range(3):
        node = round_.pick(round_.cluster.nodes)
        cut(round_, f"node {node.number} cut off", both_ways([place(node)], map(place, round_.others(node))))
        round_.hold(0.3, 1.5)
        round_.network.heal()
        time.sleep(round_.random.uniform(0, 0.5))
    fired(round_)
