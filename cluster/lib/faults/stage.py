"""A stage: three nodes on some network with some storage, and the client sites. Rounds are played on it."""

import os
import shutil
import signal
import time
from array import array

from faults.sites import ClientSite, ask_all
from history import QUIET, judge_again, read_all, read_each
from nodes import Cluster, ClusterError, Node, default_root, free_ports, wait_until

PARTITIONS = 3
SIZE = 100
TOPIC = "faults"
NODES = 3
# Small files, so that segments roll, snapshots are taken and prefixes go while things break.
LOG_SETTINGS = ("--segment-bytes", str(4 << 20))
SERVE_SETTINGS = (*LOG_SETTINGS, "--snapshot-bytes", str(8 << 20), "--max-request-bytes", str(4 << 20),
                  "--cache-bytes", str(4 << 20))
# Writer number, whether idempotent, share of the rate. The third does what a careless client does.
WRITERS = ((1, True, 1.0), (2, True, 1.0), (3, False, 0.25))


class PlacedNode(Node):
    """A node at a place of a network instead of on loopback."""

    def __init__(self, cluster, number, network):
        super().__init__(cluster, number)
        self.network = network
        # What its process is started by.
        self.wrapper = []

    @property
    def host(self):
        return self.network.host(f"n{self.number}")

    @property
    def bootstrap(self):
        return self.network.kafka_address(self.number, self.kafka_port)

    def check_ports(self):
        """Its namespace is its own; on loopback the node itself says which port is taken."""

    def serve_command(self):
        shape, network, ports = self.cluster.shape, self.network, self.cluster.shape.ports
        numbers = range(1, shape.nodes + 1)
        peers = ",".join(f"{n}={network.peer_address(self.number, n, ports.of('peer', n))}" for n in numbers)
        kafka = ",".join(f"{n}={network.kafka_address(n, ports.of('kafka', n))}" for n in numbers)
        return [
            *network.prefix(f"n{self.number}"), *self.wrapper, str(self.cluster.binary), "serve",
            "--data", str(self.data), "--node-id", str(self.number), "--kafka-listen", f"{self.host}:{self.kafka_port}",
            "--peer-listen", f"{self.host}:{self.peer_port}", "--admin-listen", self.admin, "--peers", peers,
            "--kafka-nodes", kafka, *self.cluster.serve_options,
        ]


class Stage:
    def __init__(self, name, network, storage, binary, offset, rate):
        self.name, self.network, self.storage, self.rate = name, network, storage, rate
        self.directory = default_root() / "faults" / name
        # What a run that was killed has left; nothing of it runs any more.
        shutil.rmtree(self.directory, ignore_errors=True)
        self.sites = []
        self.began_at = [0] * PARTITIONS
        self.archive = [array("q") for _ in range(PARTITIONS)]
        ports = free_ports(NODES, offset)
        network.bind(ports)
        self.cluster = Cluster.create(
            self.directory, NODES, ports, binary, ephemeral=True,
            serve_options=(*SERVE_SETTINGS, *storage.serve_settings), format_options=LOG_SETTINGS,
            node_type=lambda cluster, n: PlacedNode(cluster, n, network))

    def open(self):
        self.storage.prepare(self.cluster)
        self.cluster.format_and_start()
        self.cluster.wait_ready(60)
        self._create_topic()
        for number, (writer, idempotent, share) in enumerate(WRITERS, 1):
            site = ClientSite(f"c{number}", self.network.prefix(f"c{number}"), self.directory / f"client-{number}.log")
            self.sites.append(site)
            site.ask("begin", site=site.name, writer=writer, idempotent=idempotent, rate=self.rate * share, size=SIZE,
                     bootstrap=self.cluster.bootstrap, topic=TOPIC, partitions=PARTITIONS, bases=[0] * PARTITIONS)

    def _create_topic(self):
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap, **QUIET})
        for future in admin.create_topics([NewTopic(TOPIC, PARTITIONS, config=self.storage.topic_settings)]).values():
            try:
                future.result(20)
            except (KafkaException, TimeoutError) as error:
                raise ClusterError(f"creating topic '{TOPIC}' failed: {error}") from error

    # What rounds ask for.

    def leader(self):
        return wait_until(self.cluster.leader, 30, "a leader")

    def followers(self):
        leader = self.leader()
        return [node for node in self.cluster.nodes if node is not leader]

    def begin_round(self):
        """What the clients tell of their work is kept for the round that failed, not for those before it."""
        for site in self.sites:
            os.truncate(site.log, 0)

    def resume_writing(self):
        ask_all(self.sites, "resume")

    def wait_written(self, after, seconds, sites=None):
        """Waits until each site has acknowledgements, in all partitions, of records sent after `after`; when it had."""
        sites = self.sites if sites is None else sites
        times = {}
        deadline = time.monotonic() + seconds
        while len(times) < len(sites):
            waiting = [site for site in sites if site.name not in times]
            for site, reply in zip(waiting, ask_all(waiting, "progress", after=after)):
                if reply["fatal"]:
                    raise ClusterError(f"the producer of {site.name} gave up: {reply['fatal']}")
                if reply["at"] is not None:
                    times[site.name] = reply["at"]
            if time.monotonic() > deadline and len(times) < len(sites):
                late = ", ".join(site.name for site in sites if site.name not in times)
                raise ClusterError(f"no acknowledgement for {late} within {seconds:g} s")
            time.sleep(0.01)
        return times

    def pause_writing(self, seconds):
        """Every record that was sent gets its answer; ClusterError when some do not."""
        replies = ask_all(self.sites, "pause", seconds + 10, patience=seconds)
        left = {site.name: reply["left"] for site, reply in zip(self.sites, replies) if reply["left"]}
        if left:
            raise ClusterError(f"records without an answer {seconds:g} s after writing ended: {left}")

    def read_round(self, seconds):
        return read_all(self.cluster.bootstrap, TOPIC, PARTITIONS, seconds, starts=self.began_at)

    def keep_log(self, log):
        """What the round that has been judged stored, for `read_again`."""
        for partition, records in log.items():
            self.archive[partition].extend(records)

    def read_again(self, seconds):
        """The verdict over everything that the rounds so far have stored; what is being written is not looked at."""
        records = read_each(self.cluster.bootstrap, TOPIC, PARTITIONS, seconds)
        old = (found for found in records if found[1] < self.began_at[found[0]])
        return judge_again(self.archive, old, SIZE)

    def wait_seen(self, ends, seconds):
        """Waits until every consumer has come to the end; False when not all have in time (the checker says who)."""
        def all_there():
            return all(reply["next"] == ends for reply in ask_all(self.sites, "seen"))

        try:
            return wait_until(all_there, seconds, "consumers")
        except ClusterError:
            return False

    def restore(self):
        """Undoes every fault there may be: links whole, processes running, disks as they should be."""
        self.network.heal()
        for node in self.cluster.nodes:
            node.signal(signal.SIGCONT)
        self.storage.heal(self.cluster)
        for node in self.cluster.nodes:
            node.start()

    def close(self, keep=None):
        """Ends all processes and deletes the data; `keep` is a folder to put what a person needs to understand it."""
        for site in self.sites:
            site.close()
        for node in self.cluster.nodes:
            node.signal(signal.SIGCONT)
        self.cluster.kill_all()
        if keep is not None:
            self._keep(keep)
        self.storage.close()
        self.network.heal()
        shutil.rmtree(self.directory)

    def _keep(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in [*self.directory.glob("*.log"), *self.directory.glob("*.history")]:
            shutil.copy(path, folder / path.name)
        for node in self.cluster.nodes:
            if node.log.exists():
                shutil.copy(node.log, folder / f"node-{node.number}.log")
