"""One round: good traffic, a fault, its end, perhaps a second fault while the cluster recovers, and the verdict."""

import random
import signal
import time
from dataclasses import dataclass, field

from faults.sites import ask_all, read_history
from faults.stage import SIZE
from history import RoundVerdict, judge_round
from nodes import ClusterError

WARM_UP = 0.5
LIVENESS_SECONDS = 30
READ_SECONDS = 60
READ_AGAIN_SECONDS = 600


@dataclass
class Outcome:
    """What a round found. Times in seconds; None where the class has no such figure."""
    fault: str
    seed: int
    verdict: RoundVerdict
    told: list = field(default_factory=list)
    problem: str | None = None
    failover: float | None = None
    recovery: float | None = None
    unavailable: float = 0.0
    fired: int = 0

    @property
    def good(self):
        return self.problem is None and self.verdict.good

    def say(self, words):
        self.told.append(words)


def read_again(stage):
    """The last round of every stage: all that its rounds have stored is read once more."""
    outcome = Outcome("read-again", 0, RoundVerdict(), fired=1)
    try:
        outcome.verdict = stage.read_again(READ_AGAIN_SECONDS)
        outcome.say(f"{outcome.verdict.stored:,} records of the {stage.name} stage read again")
    except (ClusterError, OSError) as error:
        outcome.problem = str(error)
    return outcome


class Round:
    """The hands of a fault class: it picks nodes, breaks things and heals them through this."""

    def __init__(self, stage, fault, seed, pace=1.0):
        self.stage, self.fault, self.seed, self.pace = stage, fault, seed, pace
        self.network, self.cluster = stage.network, stage.cluster
        self.random = random.Random(f"{fault.name} {seed}")
        self.outcome = Outcome(fault.name, seed, RoundVerdict())
        self.injected_at = self.healed_at = None

    def say(self, words):
        self.outcome.say(words)

    def leader(self):
        return self.stage.leader()

    def followers(self):
        return self.stage.followers()

    def others(self, *nodes):
        return [node for node in self.cluster.nodes if node not in nodes]

    def pick(self, nodes):
        return self.random.choice(list(nodes))

    def injected(self, words, count=1):
        """To be called when a fault has begun; the first call is where the failover time is measured from."""
        self.outcome.fired += count
        if words:
            self.say(words)
        if self.injected_at is None:
            self.injected_at = time.monotonic()

    def hold(self, low, high):
        time.sleep(self.random.uniform(low, high) * self.pace)

    def heal(self):
        self.stage.restore()
        self.healed_at = time.monotonic()

    def await_failover(self, sites=None):
        """Waits, while the fault lasts, until the sites that still reach a majority are served again."""
        times = self.stage.wait_written(self.injected_at, LIVENESS_SECONDS, sites)
        self.outcome.failover = max(times.values()) - self.injected_at

    # The course of a round.

    def play(self):
        """Plays and judges the round; returns its outcome. Never leaves a fault behind, except when interrupted."""
        began = time.monotonic()
        try:
            self.stage.begin_round()
            self.stage.resume_writing()
            self.stage.wait_written(began, LIVENESS_SECONDS)
            time.sleep(WARM_UP)
            self.fault.inject(self)
            if self.healed_at is None:
                self.heal()
            self._second_fault()
            self._await_recovery()
        except (ClusterError, OSError) as error:
            self.outcome.problem = str(error)
        self._judge(began)
        return self.outcome

    def _second_fault(self):
        """In some rounds the cluster is hit again while it recovers."""
        if not self.fault.second or self.random.random() > 0.35:
            return
        time.sleep(self.random.uniform(0, 0.4))
        running = [node for node in self.cluster.nodes if node.pid is not None]
        if not running:
            return
        victim = self.pick(running)
        if self.random.random() < 0.5:
            victim.kill()
            self.say(f"then kill -9 of node {victim.number}")
            time.sleep(self.random.uniform(0, 1))
        else:
            victim.signal(signal.SIGSTOP)
            self.say(f"then SIGSTOP of node {victim.number}")
            time.sleep(self.random.uniform(0.2, 1.5))
        self.heal()

    def _await_recovery(self):
        times = self.stage.wait_written(self.healed_at, LIVENESS_SECONDS)
        self.outcome.recovery = max(times.values()) - self.healed_at
        self.cluster.wait_ready(LIVENESS_SECONDS)
        time.sleep(WARM_UP)

    def _judge(self, began):
        outcome, stage = self.outcome, self.stage
        histories = []
        try:
            if outcome.problem is not None:
                stage.restore()
            stage.pause_writing(LIVENESS_SECONDS)
            gaps = ask_all(stage.sites, "gap", **{"from": began + WARM_UP, "to": time.monotonic() - WARM_UP})
            outcome.unavailable = max(reply["gap"] for reply in gaps)
            found = stage.read_round(READ_SECONDS)
            ends = [start + len(found[p]) for p, start in enumerate(stage.began_at)]
            stage.wait_seen(ends, LIVENESS_SECONDS)
            for site in stage.sites:
                path = stage.directory / f"{site.name}.history"
                site.ask("history", path=str(path))
                histories.append(read_history(path))
            outcome.verdict = judge_round(histories, stage.began_at, found, SIZE)
            stage.began_at = ends
            stage.keep_log(outcome.verdict.log)
            outcome.verdict.log = {}
        except (ClusterError, OSError) as error:
            outcome.problem = "; ".join(filter(None, [outcome.problem, str(error)]))
