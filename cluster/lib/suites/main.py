"""What cluster/client-suites does."""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from nodes import (ClusterError, default_root, ephemeral_cluster, interrupt_on_terminate, lock,  # noqa: E402
                   require_binary)
from suites.known import read_known  # noqa: E402
from suites.runs import run_suite  # noqa: E402
from suites.sources import SUITES, fetch  # noqa: E402


def whole(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="cluster/client-suites", allow_abbrev=False,
        description="Runs the clients' own integration suites, at the versions that .venv has, against a cluster of "
                    "three nodes, and those tests that want a single broker against one of one node. Prints every test "
                    "with its result and reason. Exit code 1 when a test fails that cluster/lib/suites/known.txt does "
                    "not name, or when one passes that it names.")
    parser.add_argument("--client", choices=sorted(SUITES), help="run only this client's suite")
    parser.add_argument("--only", metavar="PATTERN", help="only the tests that match (pytest -k)")
    parser.add_argument("--port-offset", type=whole, default=6000, help="where to look for free ports (default 6000)")
    parser.add_argument("--keep", action="store_true", help="keep the clusters' data and logs in .cluster/")
    return parser.parse_args(arguments)


def with_cluster(suite, nodes, arguments, work):
    """What `work` gives, of a fresh cluster set up as the suite wants it."""
    cluster = ephemeral_cluster(f"suites-{nodes}", arguments.port_offset, require_binary(), nodes=nodes,
                                serve_options=suite.serve_options)
    try:
        return work(cluster)
    finally:
        if arguments.keep:
            cluster.kill_all()
        else:
            cluster.delete()


def play(suite, arguments):
    """Every result of one suite. What does not pass has a process of its own: it leaves open what others trip over."""
    folder, known = fetch(suite), read_known(suite.client)
    (default_root() / f"suites-{suite.client}.log").unlink(missing_ok=True)

    def kind(test):
        return next((entry.kind for entry in known if entry.covers(test)), "three")

    def run(cluster, wanted):
        return run_suite(suite, folder, cluster, arguments.only, lambda test: kind(test) == wanted)

    print(f"{suite.client} {suite.version}, against three nodes", flush=True)
    results = with_cluster(suite, 3, arguments, lambda cluster: run(cluster, "three") + run(cluster, "never"))
    print(f"{suite.client} {suite.version}, the tests that want a single broker", flush=True)
    results += with_cluster(suite, 1, arguments, lambda cluster: run(cluster, "alone"))
    for result in results:
        result.judge(known)
    problems = [result.problem for result in results if result.problem]
    if not arguments.only:
        stale = [entry for entry in known if not any(entry.covers(result.test) for result in results)]
        problems += [f"known.txt names {entry.pattern}, which is no test" for entry in stale]
    return results, problems


def print_table(suite, results):
    print(f"\n{suite.client} {suite.version}")
    width = max(len(result.test) for result in results)
    for result in results:
        print(f"{result.outcome:<8} {result.test:<{width}}  {result.reason}".rstrip())
    counts = {word: sum(result.outcome == word for result in results) for word in ("passed", "failed", "skipped")}
    print(f"{suite.client}: " + ", ".join(f"{number} {word}" for word, number in counts.items()), flush=True)


def main():
    arguments = parse(sys.argv[1:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    interrupt_on_terminate()
    problems, played = [], []
    try:
        with lock(default_root() / "client-suites"):
            for suite in [SUITES[arguments.client]] if arguments.client else SUITES.values():
                results, found = play(suite, arguments)
                played.append((suite, results))
                problems += found
    except ClusterError as error:
        print(f"cluster/client-suites: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster/client-suites: interrupted; its nodes are stopped", file=sys.stderr)
        return 130
    if not any(results for _, results in played):
        print(f"cluster/client-suites: no test matches {arguments.only!r}", file=sys.stderr)
        return 1
    for suite, results in played:
        if results:
            print_table(suite, results)
    for words in problems:
        print(f"not as expected: {words}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
