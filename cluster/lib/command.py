"""What cluster/up, down, status, kill, start, grow, shrink, reseed and transfer do, once the needs are there.

Standard library only.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodes import (Cluster, ClusterError, Ports, Shape, default_root, lock, port_is_free,  # noqa: E402
                   require_binary, wait_until)


def environment_number(name, default):
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise ClusterError(f"{name}={text!r} is not a number")
    return int(text)


def whole_number(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def plain_name(text):
    if not text.replace("-", "").isalnum():
        raise argparse.ArgumentTypeError(f"{text!r} is not made of letters, digits and '-'")
    return text


def parser_for(command):
    parser = argparse.ArgumentParser(prog=f"cluster/{command}", description=DESCRIPTIONS[command],
                                     allow_abbrev=False)
    parser.add_argument("--name", type=plain_name, default=os.environ.get("CLUSTER_NAME") or "main",
                        help="which cluster; each has its own folder .cluster/NAME (default main, or CLUSTER_NAME)")
    if command == "up":
        add_up_arguments(parser)
    if command == "down":
        parser.add_argument("--delete", action="store_true", help="also delete everything the cluster has stored")
    if command == "status":
        parser.add_argument("--json", action="store_true", help="for programs")
    if command == "kill":
        parser.add_argument("node", metavar="N|leader", help="which node to kill -9")
    if command == "start":
        parser.add_argument("node", metavar="N", type=whole_number, help="which node to start again")
    if command == "grow":
        parser.add_argument("--by", type=whole_number, default=1, metavar="COUNT", help="how many nodes (default 1)")
    if command == "shrink":
        parser.add_argument("node", metavar="N|leader", help="which node to remove")
    if command == "reseed":
        parser.add_argument("node", metavar="N", type=whole_number, help="which node has lost its data, or is to")
    if command == "transfer":
        parser.add_argument("node", metavar="N", type=whole_number, nargs="?",
                            help="who is to lead (default: any other)")
    return parser


def add_up_arguments(parser):
    parser.add_argument("--nodes", type=whole_number, help="how many nodes, 1 to 9 (default 3)")
    parser.add_argument("--fresh", action="store_true", help="stop the cluster and DELETE what it has stored first")
    parser.add_argument("--wait", type=whole_number, default=30, metavar="SECONDS",
                        help="how long to wait for a leader (default 30)")
    for kind, words in (("kafka", "Kafka port of node 1"), ("peer", "peer port of node 1"),
                        ("admin", "admin port of node 1")):
        parser.add_argument(f"--{kind}-port", type=whole_number,
                            help=f"{words}; node N has this + N - 1 "
                                 f"(default {getattr(Ports, kind)}, or CLUSTER_{kind.upper()}_PORT)")
    parser.add_argument("--port-offset", type=whole_number,
                        help="added to every port (default 0, or CLUSTER_PORT_OFFSET)")


DESCRIPTIONS = {
    "up": "Builds holdfast, starts a local cluster and waits until it has a leader. Safe to run again: "
          "nodes that run are left alone, data is kept.",
    "down": "Stops every node cleanly. The data stays; cluster/up goes on from it.",
    "status": "Shows the nodes of the cluster. Exit code 0 when all run and are ready, 1 otherwise.",
    "kill": "Ends one node with kill -9, as a crash would.",
    "start": "Starts one node that was killed or stopped, and waits until it is ready.",
    "grow": "Adds nodes to the cluster while it runs: each begins as a learner, catches up and becomes a voter.",
    "shrink": "Removes one node from the cluster while it runs, also the leader. The node ends by itself; its data "
              "stays and is of no more use.",
    "reseed": "Lets the others fill a node that has lost its data: it is removed, what it still has is DELETED, and it "
              "joins again under its number.",
    "transfer": "Hands leadership to another node. cluster/transfer --measure ROUNDS shows, on a cluster of its own, "
                "how long a producer waits meanwhile.",
}


def wanted_ports(arguments, existing):
    """Flags win over the environment, the environment over the cluster's own ports, these over the defaults."""
    def pick(flag, variable, field):
        if flag is not None:
            return flag
        return environment_number(variable, getattr(existing.ports if existing else Ports(), field))

    return Ports(pick(arguments.kafka_port, "CLUSTER_KAFKA_PORT", "kafka"),
                 pick(arguments.peer_port, "CLUSTER_PEER_PORT", "peer"),
                 pick(arguments.admin_port, "CLUSTER_ADMIN_PORT", "admin"),
                 pick(arguments.port_offset, "CLUSTER_PORT_OFFSET", "offset"))


def check_unchanged(arguments, shape, ports):
    """A formatted cluster keeps its size and ports: the nodes know each other by them."""
    members = len(shape.members())
    if arguments.nodes is not None and arguments.nodes != members:
        raise ClusterError(f"this cluster has {members} nodes, --nodes {arguments.nodes} does not change that; use "
                           "cluster/grow or cluster/shrink, or begin anew with --fresh (deletes its data)")
    if ports != shape.ports:
        raise ClusterError(f"this cluster was formed with {shape.ports}, asked for was {ports}; choose another "
                           "--name, or begin anew with --fresh (deletes its data)")


def up(arguments, directory):
    binary = require_binary()
    existing = Shape.read(directory / "cluster.json") if not arguments.fresh else None
    if existing and not existing.formatted:
        existing = None
    ports = wanted_ports(arguments, existing)
    if arguments.fresh and directory.exists():
        delete(directory)
    if existing:
        check_unchanged(arguments, existing, ports)
        cluster = Cluster(directory, existing, binary)
    else:
        nodes = 3 if arguments.nodes is None else arguments.nodes
        if not 1 <= nodes <= 9:
            raise ClusterError(f"--nodes {nodes} is not between 1 and 9")
        cluster = Cluster.create(directory, nodes, ports, binary)
    already = cluster.running()
    if len(already) == len(cluster.nodes):
        print(f"all {len(already)} nodes run already")
    report_used_ports(cluster)
    cluster.format_and_start()
    leader = cluster.wait_ready(arguments.wait)
    print_endpoints(cluster, leader)
    return 0


def report_used_ports(cluster):
    """Names every port that is taken, before the first node is started."""
    taken = []
    for node in cluster.nodes:
        if node.pid is None:
            for kind, port in (("Kafka", node.kafka_port), ("peer", node.peer_port), ("admin", node.admin_port)):
                if not port_is_free(port):
                    taken.append(f"{port} ({kind} port of node {node.number})")
    if taken:
        raise ClusterError(f"ports in use: {', '.join(taken)}. Choose others, for example with --port-offset 100; "
                           "who has one is shown by: ss -ltnp")


def print_endpoints(cluster, leader):
    print(f"\n{'node':<6}{'Kafka':<18}{'peers':<18}{'admin (/metrics, /status)':<28}pid")
    for node in cluster.nodes:
        mark = "  leader" if node is leader else ""
        print(f"{node.number:<6}{node.bootstrap:<18}{'127.0.0.1:' + str(node.peer_port):<18}"
              f"{'http://' + node.admin:<28}{node.pid}{mark}")
    name = "" if cluster.directory.name == "main" else f" --name {cluster.directory.name}"
    print(f"\nLogs and data: {cluster.directory}\n\nTry next:\n"
          f"  echo hello | kcat -P -b {cluster.nodes[0].bootstrap} -t greetings -X acks=all\n"
          f"  kcat -C -b {cluster.nodes[0].bootstrap} -t greetings -o beginning -e\n"
          f"  cluster/kill{name} leader; cluster/status{name}\n"
          f"  cluster/down{name}")


def delete(directory):
    """Ends the nodes of whatever is in `directory` and removes it; works when cluster.json is damaged, too."""
    try:
        cluster = Cluster.find(directory)
    except ClusterError:
        cluster = None
    if cluster is None:
        nodes = len([path for path in directory.glob("node-*")])
        cluster = Cluster(directory, Shape(max(nodes, 1), "", Ports()), None)
    cluster.delete()


def find(directory):
    cluster = Cluster.find(directory)
    if cluster is None:
        raise ClusterError(f"there is no cluster in {directory}; start one with: cluster/up")
    return cluster


def down(arguments, directory):
    if not directory.exists():
        print(f"no cluster named {directory.name}: nothing to stop")
        return 0
    cluster = find(directory)
    running = cluster.running()
    cluster.stop_all()
    print(f"stopped {len(running)} nodes" if running else "no node was running")
    if arguments.delete:
        delete(directory)
        print(f"deleted {directory}")
    else:
        print(f"data kept in {directory}; cluster/up goes on from it")
    return 0


def status(arguments, directory):
    cluster = find(directory)
    binary = os.environ.get("CLUSTER_HOLDFAST", "")
    sys.stdout.flush()
    if binary and os.access(binary, os.X_OK):
        os.spawnv(os.P_WAIT, binary, [binary, "status", "--admin", cluster.admin]
                  + (["--json"] if arguments.json else []))
    if not arguments.json:
        print(f"{'node':<6}{'process':<12}{'ready':<8}{'Kafka':<18}{'resident':<10}")
        for node in cluster.nodes:
            pid = node.pid
            resident = node.resident_kilobytes()
            print(f"{node.number:<6}{pid or 'not running':<12}{'yes' if pid and node.ready() else 'no':<8}"
                  f"{node.bootstrap:<18}{f'{resident // 1024} MB' if resident else '-':<10}")
    return 0 if all(node.pid and node.ready() for node in cluster.nodes) else 1


def kill(arguments, directory):
    cluster = find(directory)
    node = node_named(cluster, arguments.node)
    pid = node.pid
    if not node.kill():
        print(f"node {node.number} was not running")
        return 0
    print(f"killed node {node.number} (pid {pid}) with SIGKILL; start it again with: cluster/start {node.number}")
    return 0


def start(arguments, directory):
    cluster = find(directory)
    cluster.binary = require_binary()
    node = cluster.node(arguments.node)
    if node.number not in cluster.shape.formatted:
        raise ClusterError(f"node {node.number} has never been formatted; use: cluster/up")
    if node.pid is not None:
        print(f"node {node.number} runs already (pid {node.pid})")
        return 0
    node.format()
    node.start()

    def ready():
        cluster.fail_if_ended([node])
        return node.ready()

    running = len(cluster.running())
    if 2 * running > len(cluster.nodes):
        wait_until(ready, 30, f"node {node.number} to be ready (its log: {node.log})")
        print(f"node {node.number} runs (pid {node.pid}) and is ready")
    else:
        print(f"node {node.number} runs (pid {node.pid}); {running} of {len(cluster.nodes)} nodes are no majority, "
              "so there is no leader yet")
    return 0


def node_named(cluster, word):
    """The node of that number, or the one that leads."""
    if word == "leader":
        node = cluster.leader()
        if node is None:
            raise ClusterError("no node leads at the moment")
        return node
    if not word.isdigit():
        raise ClusterError(f"{word!r} is neither a node's number nor 'leader'")
    return cluster.node(int(word))


def running_cluster(directory):
    cluster = find(directory)
    cluster.binary = require_binary()
    if not cluster.running():
        raise ClusterError(f"no node of {directory.name} runs; start them with: cluster/up")
    return cluster


def grow(arguments, directory):
    cluster = running_cluster(directory)
    if not 1 <= arguments.by <= 9 or max(cluster.shape.ever()) + arguments.by > 20:
        raise ClusterError(f"--by {arguments.by}: there are numbers for nodes up to 20, from 1 to 9 at a time")
    for _ in range(arguments.by):
        node = cluster.grow()
        print(f"node {node.number} runs (pid {node.pid}), has caught up, and votes; Kafka on {node.bootstrap}")
    return 0


def shrink(arguments, directory):
    cluster = running_cluster(directory)
    node = node_named(cluster, arguments.node)
    cluster.shrink(node)
    print(f"node {node.number} was removed and has ended; {node.data} is of no more use")
    return 0


def reseed(arguments, directory):
    cluster = running_cluster(directory)
    node = cluster.node(arguments.node)
    cluster.reseed(node)
    print(f"node {node.number} runs (pid {node.pid}), has everything again, and votes")
    return 0


def transfer(arguments, directory):
    cluster = running_cluster(directory)
    leader = cluster.leader()
    others = [node.number for node in cluster.running() if node is not leader]
    if not others:
        raise ClusterError("no other node runs")
    number = arguments.node or others[0]
    cluster.node(number)
    cluster.change("transfer", "--to", number)
    print(f"node {number} leads")
    return 0


def main():
    commands = {"up": up, "down": down, "status": status, "kill": kill, "start": start, "grow": grow,
                "shrink": shrink, "reseed": reseed, "transfer": transfer}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(f"usage: command.py {'|'.join(commands)} …", file=sys.stderr)
        return 2
    command = sys.argv[1]
    arguments = parser_for(command).parse_args(sys.argv[2:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    directory = default_root() / arguments.name
    try:
        if command == "status":
            return status(arguments, directory)
        with lock(directory):
            return commands[command](arguments, directory)
    except ClusterError as error:
        print(f"cluster/{command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not try to flush the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
