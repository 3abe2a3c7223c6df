"""All rounds of a run, stage by stage."""

import os
import random
import time

from faults import links
from faults.catalogue import FAULTS
from faults.proxied import ProxyNetwork
from faults.report import progress_line, table
from faults.rounds import Round
from faults.stage import Stage
from faults.storage import PlainStorage
from nodes import default_root, require_binary

SITES = 3
NODES = 3


class Campaign:
    def __init__(self, arguments):
        self.arguments = arguments
        self.outcomes = []
        self.networks = {}
        self.kernel_problem = links.why_not() if os.geteuid() == 0 else "not root"

    def run(self):
        if self.arguments.list:
            return self.print_list()
        chosen = self.arguments.only or list(FAULTS)
        plan = {}
        for name in chosen:
            reason = self.why_not(FAULTS[name])
            if reason:
                print(f"{name}: cannot run here: {reason}", flush=True)
                continue
            plan.setdefault(FAULTS[name].stage, []).extend(
                (FAULTS[name], self.arguments.seed + number) for number in range(self.arguments.rounds))
        self.total, self.number = sum(map(len, plan.values())), 0
        for stage, rounds in plan.items():
            random.Random(self.arguments.seed).shuffle(rounds)
            self.play(stage, rounds)
        return self.conclude()

    def print_list(self):
        for fault in FAULTS.values():
            reason = self.why_not(fault)
            print(f"{fault.name:<24}{fault.words}" + (f"  [cannot run here: {reason}]" if reason else ""))
        return 0

    def why_not(self, fault):
        can = ProxyNetwork.can if self.uses_proxy(fault.stage) else links.KernelNetwork.can
        if not fault.needs <= can:
            return f"a proxy cannot do it, and there is no other way: {self.kernel_problem}"
        return None

    def uses_proxy(self, stage):
        """Delays and the like are the proxy's; everything else the kernel's, if it may be used."""
        return stage == "proxy" or self.kernel_problem is not None

    def network(self, stage):
        kind = ProxyNetwork if self.uses_proxy(stage) else links.KernelNetwork
        if kind not in self.networks:
            self.networks[kind] = kind(NODES, SITES)
        return self.networks[kind]

    def open_stage(self, name):
        stage = Stage(name, self.network(name), PlainStorage(), require_binary(), self.arguments.port_offset,
                      self.arguments.rate)
        try:
            stage.open()
        except BaseException:
            stage.close()
            raise
        return stage

    def play(self, name, rounds):
        """Plays rounds on one stage; after a failed one a fresh stage is made."""
        stage = None
        try:
            for fault, seed in rounds:
                stage = stage or self.open_stage(name)
                outcome = Round(stage, fault, seed).play()
                self.outcomes.append(outcome)
                self.number += 1
                print(progress_line(self.number, self.total, outcome), flush=True)
                if not outcome.good:
                    self.keep_failure(stage, outcome)
                    stage = None
        finally:
            if stage is not None:
                stage.close()

    def keep_failure(self, stage, outcome):
        folder = default_root() / "faults-failed" / f"{time.strftime('%Y%m%d-%H%M%S')}-{outcome.fault}-{outcome.seed}"
        stage.close(keep=folder)
        lines = [str(outcome.verdict), *outcome.verdict.examples, *outcome.told]
        if outcome.problem:
            lines.insert(0, outcome.problem)
        (folder / "verdict.txt").write_text("\n".join(lines) + "\n")
        for words in lines[:6]:
            print(f"     {words}")
        print(f"     kept: {folder}\n     again: cluster/faults --only {outcome.fault} --seed {outcome.seed}", flush=True)

    def conclude(self):
        print()
        print(table(self.outcomes))
        failed = [outcome for outcome in self.outcomes if not outcome.good]
        print(f"\nVerdict: {len(self.outcomes)} rounds, {len(failed)} failed.")
        return 1 if failed or not self.outcomes else 0
