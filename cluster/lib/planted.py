"""Brings known defects back, one at a time, and counts the seeds that the simulator needs to find each.

The program is built once more for it, optimised but with the defects in: they exist in test builds only.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRATCH = os.path.join(ROOT, ".build", "planted")
FOUND = re.compile(r"seed (\d+)(?:: FAILED|\s+of the simulation)")
# What these do wrong shows in partitions that never end, which the link graphs are.
IN_LINK_GRAPHS = {"no-pre-vote", "no-check-quorum"}


def build():
    """The optimised test build; answers the path of its program."""
    print("building the program with its planted defects (optimised test build)", flush=True)
    command = ["swift", "build", "-c", "debug", "-Xswiftc", "-O", "--product", "holdfast", "--scratch-path", SCRATCH]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"the test build failed:\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return os.path.join(SCRATCH, "debug", "holdfast")


def bugs():
    """Every planted defect's name, from the source that defines them."""
    with open(os.path.join(ROOT, "Sources", "Planted", "PlantedBug.swift"), encoding="utf-8") as source:
        return re.findall(r'case \w+ = "([\w-]+)"', source.read())


def find(program, bug, first, limit, jobs):
    """Seeds run until the defect showed, from `first` on and at most `limit`; None if it did not. And how it did."""
    if bug in IN_LINK_GRAPHS:
        arguments = ["--link-graphs"]
    else:
        arguments = ["--seeds", f"{first}..{first + limit - 1}", "--stop-after", "1", "--jobs", str(jobs)]
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    result = subprocess.run([program, "simulate", "--plant", bug, *arguments], capture_output=True, text=True,
                            env=environment, timeout=1200)
    words = result.stdout + result.stderr
    if result.returncode == 0:
        return None, ""
    if bug in IN_LINK_GRAPHS:
        failed = [line for line in result.stdout.splitlines() if "FAILED" in line]
        return (int(failed[0].split()[2].rstrip(":")) + 1, failed[0]) if failed else (None, words[-500:])
    seeds = [int(number) for number in FOUND.findall(words)]
    if not seeds:
        return None, words[-500:]
    reasons = [line for line in words.splitlines() if "FAILED" in line or "Fatal error" in line]
    return min(seeds) - first + 1, reasons[0] if reasons else "the process ended by a broken invariant"


def main():
    """The command."""
    parser = argparse.ArgumentParser(prog="cluster/planted", description=__doc__)
    parser.add_argument("--trials", type=int, default=1, metavar="N", help="separate ranges of seeds for each defect")
    parser.add_argument("--limit", type=int, default=4000, metavar="N", help="seeds after which one counts as missed")
    parser.add_argument("--only", metavar="BUG", help="one defect alone")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="threads")
    options = parser.parse_args()
    names = bugs()
    if options.only and options.only not in names:
        parser.error(f"'{options.only}' is none of {', '.join(names)}")
    program = build()
    missed = []
    print(f"{'defect':<32} {'seeds (median)':>14}  shown by")
    for bug in [options.only] if options.only else names:
        trials = 1 if bug in IN_LINK_GRAPHS else options.trials
        results = [find(program, bug, 1 + trial * 100_000, options.limit, options.jobs) for trial in range(trials)]
        counts = [count for count, _ in results if count is not None]
        if len(counts) < len(results):
            missed.append(bug)
        median = f"{statistics.median(counts):g}" if counts else "missed"
        reason = re.sub(r"^.*?FAILED: |;[^;]*events,.*$|^.*Fatal error: ", "", results[0][1])
        print(f"{bug:<32} {median:>14}  {reason[:110]}", flush=True)
    if missed:
        sys.exit(f"not found: {', '.join(missed)}")
    print("every planted defect was found")


if __name__ == "__main__":
    main()
