"""All rounds of a run, stage by stage."""

import os
import random
import time

from faults import links, storage
from faults.catalogue import FAULTS
from faults.proxied import ProxyNetwork
from faults.report import goals, progress_line, table
from faults.rounds import Round, read_again
from faults.stage import Stage
from nodes import default_root, require_binary

SITES = 3
NODES = 3


class Campaign:
    def __init__(self, arguments):
        self.arguments = arguments
        self.outcomes = []
        self.networks = {}
        self.pace = 1 / 3 if arguments.brief else 1.0
        root_problem = "--proxy" if arguments.proxy else "not root" if os.geteuid() != 0 else None
        self.kernel_problem = root_problem or links.why_not()
        self.machine = {"strace": storage.why_no_strace(), "loop": root_problem or storage.why_no_loop_devices(),
                        "fuse": root_problem or storage.why_no_fuse()}

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
        try:
            for stage, rounds in plan.items():
                random.Random(self.arguments.seed).shuffle(rounds)
                self.play(stage, rounds)
        finally:
            for network in self.networks.values():
                network.close()
        return self.conclude()

    def print_list(self):
        for fault in FAULTS.values():
            reason = self.why_not(fault)
            print(f"{fault.name:<24}{fault.words}" + (f"  [cannot run here: {reason}]" if reason else ""))
        return 0

    def why_not(self, fault):
        network = ProxyNetwork if self.uses_proxy(fault.stage) else links.KernelNetwork
        for need in sorted(fault.needs - network.can):
            if need not in self.machine:
                return f"a proxy cannot do it, and there is no other way: {self.kernel_problem}"
            if self.machine[need] is not None:
                return self.machine[need]
        return None

    def uses_proxy(self, stage):
        """Delays and the like are the proxy's; everything else the kernel's, if it may be used."""
        return stage == "proxy" or self.kernel_problem is not None

    def network(self, stage):
        kind = ProxyNetwork if self.uses_proxy(stage) else links.KernelNetwork
        if kind not in self.networks:
            self.networks[kind] = kind(NODES, SITES)
        return self.networks[kind]

    @staticmethod
    def storage(stage):
        if stage == "small":
            return storage.SmallStorage()
        if stage == "watched":
            return storage.WatchedStorage()
        if stage in ("forgetful", "rebooting"):
            kind = storage.ForgetfulStorage if stage == "forgetful" else storage.RebootingStorage
            return kind(storage.build_forgetful(default_root() / "faults-build"))
        return storage.PlainStorage()

    def open_stage(self, name):
        stage = Stage(name, self.network(name), self.storage(name), require_binary(), self.arguments.port_offset,
                      self.arguments.rate)
        try:
            stage.open()
            if self.arguments.lying_disks and name == "forgetful":
                stage.storage.lie()
        except BaseException:
            stage.close()
            raise
        return stage

    def play(self, name, rounds):
        """Plays rounds on one stage; after a failed one a fresh stage is made."""
        stage = None
        try:
            for number, (fault, seed) in enumerate(rounds, 1):
                stage = stage or self.open_stage(name)
                self.number += 1
                is_good = self.judge(stage, Round(stage, fault, seed, self.pace).play())
                if is_good and (number == len(rounds) or stage.storage.is_worn()):
                    is_good = self.judge(stage, read_again(stage))
                    if is_good:
                        stage.close()
                    stage = None
                stage = stage if is_good else None
        finally:
            if stage is not None:
                stage.close()

    def judge(self, stage, outcome):
        """Reports what a round found; a stage that failed is closed, and what tells why is kept. Was it good?"""
        self.outcomes.append(outcome)
        print(progress_line(self.number, self.total, outcome), flush=True)
        if not outcome.good:
            self.keep_failure(stage, outcome)
        return outcome.good

    def keep_failure(self, stage, outcome):
        folder = default_root() / "faults-failed" / f"{time.strftime('%Y%m%d-%H%M%S')}-{outcome.fault}-{outcome.seed}"
        stage.close(keep=folder)
        lines = [str(outcome.verdict), *outcome.verdict.examples, *outcome.told]
        if outcome.problem:
            lines.insert(0, outcome.problem)
        (folder / "verdict.txt").write_text("\n".join(lines) + "\n")
        again = f"cluster/faults --only {outcome.fault} --seed {outcome.seed}"
        lines = [*lines[:6], f"kept: {folder}", f"again: {again if outcome.fault in FAULTS else 'the whole run'}"]
        for words in lines:
            print(f"     {words}", flush=True)

    def conclude(self):
        print()
        print(table(self.outcomes) + "\n")
        for words in goals(self.outcomes):
            print(words)
        failed = [outcome for outcome in self.outcomes if not outcome.good]
        silent = sorted({outcome.fault for outcome in self.outcomes}
                        - {outcome.fault for outcome in self.outcomes if outcome.fired})
        for name in silent:
            print(f"{name} never fired: it proves nothing; more rounds, or another seed, may do")
        print(f"\nVerdict: {len(self.outcomes)} rounds, {len(failed)} failed, {len(silent)} classes never fired.")
        return 1 if failed or silent or not self.outcomes else 0
