"""What cluster/fuzz does once the fuzzer is built: runs libFuzzer over its targets and says what came of it.

The inputs to begin with are the targets' own seeds and Tests/FuzzCorpus/TARGET.zip, what earlier campaigns found worth
keeping. A run adds to a working corpus below .build/fuzz, so that the next one goes on from there. Standard library
only.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodes import REPOSITORY, lock  # noqa: E402

SAVED = REPOSITORY / "Tests" / "FuzzCorpus"
SOURCES = REPOSITORY / "Tests" / "Fuzz"
WORK = REPOSITORY / ".build" / "fuzz"
INPUT_SECONDS = 10
# Runs only when it is named.
PLANTED = "planted"
RESIDENT_MEGABYTES = 2048


@dataclass
class Target:
    name: str
    longest: int
    allocation: int
    summary: str

    @property
    def corpus(self):
        return WORK / "corpus" / self.name

    def run(self, words, **variables):
        """The fuzzer's whole output and exit code."""
        environment = {**os.environ, "FUZZ_TARGET": self.name, "SWIFT_BACKTRACE": "enable=no",
                       "ASAN_OPTIONS": "detect_leaks=0", **variables}
        done = subprocess.run([os.environ["CLUSTER_FUZZER"], *words], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        return done.returncode, done.stdout

    def limits(self):
        return [f"-max_len={self.longest}", f"-malloc_limit_mb={self.allocation}",
                f"-rss_limit_mb={RESIDENT_MEGABYTES}", f"-timeout={INPUT_SECONDS}", "-detect_leaks=0"]

    def prepare(self):
        self.corpus.mkdir(parents=True, exist_ok=True)
        code, output = self.run([], FUZZ_SEEDS=str(self.corpus))
        if code != 0:
            sys.exit(f"cluster/fuzz: {self.name} has no seeds:\n{output}")
        saved = SAVED / f"{self.name}.zip"
        if saved.exists():
            with zipfile.ZipFile(saved) as archive:
                archive.extractall(self.corpus)


@dataclass
class Outcome:
    target: Target
    executions: int
    seconds: float
    coverage: int
    inputs: int
    finding: str


def targets():
    listing = subprocess.run([os.environ["CLUSTER_FUZZER"]], env={**os.environ, "FUZZ_LIST": "1"}, check=True,
                             capture_output=True, text=True).stdout
    for line in listing.splitlines():
        name, longest, allocation, summary = line.split("\t")
        yield Target(name, int(longest), int(allocation), summary)


def fuzz(target, seconds, seed):
    findings = WORK / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    target.prepare()
    began = time.monotonic()
    code, output = target.run(
        [*target.limits(), f"-max_total_time={max(int(seconds), 1)}", f"-seed={seed}", "-print_final_stats=1",
         f"-artifact_prefix={findings}/{target.name}-", str(target.corpus)])
    took = time.monotonic() - began
    executions = re.search(r"stat::number_of_executed_units: (\d+)", output)
    covered = re.findall(r"cov: (\d+)", output)
    finding = ""
    if code != 0:
        artifact = re.search(r"Test unit written to (\S+)", output)
        finding = artifact.group(1) if artifact else f"exit code {code}"
        if artifact:
            Path(f"{finding}.txt").write_text(output)
    return Outcome(target, int(executions.group(1)) if executions else 0, took,
                   int(covered[-1]) if covered else 0, sum(1 for _ in target.corpus.iterdir()), finding)


def explain(outcome):
    path = Path(outcome.finding)
    if not path.is_absolute():
        return [f"{outcome.target.name}: {outcome.finding}"]
    text = Path(f"{path}.txt").read_text()
    reasons = re.findall(r"^.*(?:Fatal error|ERROR:|broken promise|SUMMARY).*$", text, re.MULTILINE)
    shown = os.path.relpath(path, REPOSITORY)
    return [f"{outcome.target.name}: {shown}", *[f"    {reason.strip()[:300]}" for reason in reasons[:4]],
            f"    all of it: {shown}.txt; again: cluster/fuzz --target {outcome.target.name} --replay {shown}"]


def show(outcomes):
    print(f"\n{'target':<18}{'executions':>12}{'a second':>10}{'edges':>8}{'inputs':>8}  finding")
    for outcome in outcomes:
        rate = outcome.executions / outcome.seconds if outcome.seconds else 0
        print(f"{outcome.target.name:<18}{outcome.executions:>12,}{rate:>10,.0f}{outcome.coverage:>8,}"
              f"{outcome.inputs:>8,}  {'yes' if outcome.finding else '-'}")
    total = sum(outcome.executions for outcome in outcomes)
    found = [outcome for outcome in outcomes if outcome.finding]
    for outcome in found:
        print("\n".join(explain(outcome)))
    print(f"\n{total:,} executions over {len(outcomes)} targets, {len(found)} findings")


def save(target):
    """The smallest set of working inputs with the same coverage becomes the saved corpus."""
    chosen = WORK / "chosen" / target.name
    chosen.mkdir(parents=True, exist_ok=True)
    for old in chosen.iterdir():
        old.unlink()
    target.prepare()
    code, output = target.run([*target.limits(), "-set_cover_merge=1", str(chosen), str(target.corpus)])
    if code != 0:
        sys.exit(f"cluster/fuzz: choosing inputs of {target.name} failed:\n{output[-2000:]}")
    SAVED.mkdir(exist_ok=True)
    with zipfile.ZipFile(SAVED / f"{target.name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        # Names and times that depend on the content only: equal corpora are equal files.
        for path in sorted(path for path in chosen.iterdir() if path.stat().st_size):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    print(f"{target.name}: kept {sum(1 for _ in chosen.iterdir())} of {sum(1 for _ in target.corpus.iterdir())} inputs")


def replay(target, path):
    code, output = target.run([*target.limits(), str(Path(path).resolve())])
    print(output, end="")
    return 1 if code else 0


def named_in_sources():
    """The targets' names, so that a wrong one is refused before the fuzzer is built."""
    text = "".join(path.read_text() for path in sorted(SOURCES.glob("*.swift")))
    return sorted(re.findall(r'FuzzTarget\(\s*"([a-z-]+)"', text))


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="cluster/fuzz", allow_abbrev=False,
        description="Builds the decoders with coverage and address checks and feeds them made-up bytes: none may trap, "
                    "hang, or take memory out of proportion to its input. Exit code 1 when one did.")
    parser.add_argument("--list", action="store_true", help="show the targets")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzer's choices; 0 takes a new one (default)")
    parser.add_argument("--replay", metavar="FILE", help="run one input, for example a finding, of one target")
    parser.add_argument("--save", action="store_true", help="keep the best inputs so far in Tests/FuzzCorpus")
    arguments = parser.parse_args(arguments)
    if arguments.seconds < 1:
        parser.error(f"--seconds {arguments.seconds} is not at least 1")
    known = named_in_sources()
    for name in arguments.target or []:
        if name not in known:
            parser.error(f"no target {name}; there are {', '.join(known)}")
    if arguments.replay and len(arguments.target or []) != 1:
        parser.error("--replay needs one --target")
    if arguments.replay and not Path(arguments.replay).is_file():
        parser.error(f"--replay {arguments.replay}: no such file")
    return arguments


def main():
    arguments = parse(sys.argv[1:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    known = list(targets())
    if (built := sorted(target.name for target in known)) != named_in_sources():
        sys.exit(f"cluster/fuzz: the fuzzer has {built}, its sources name {named_in_sources()}")
    chosen = [target for target in known
              if target.name in (arguments.target or []) or not arguments.target and target.name != PLANTED]
    if arguments.list:
        for target in chosen:
            print(f"{target.name:<18}{target.summary}")
        return 0
    if arguments.replay:
        return replay(chosen[0], arguments.replay)
    with lock(WORK / "running"):
        if arguments.save:
            for target in chosen:
                save(target)
            return 0
        outcomes = []
        for target in chosen:
            print(f"fuzzing {target.name}", flush=True)
            outcomes.append(fuzz(target, arguments.seconds / len(chosen), arguments.seed))
        show(outcomes)
        return 1 if any(outcome.finding for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
