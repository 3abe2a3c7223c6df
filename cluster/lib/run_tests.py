"""What cluster/test does: the Swift tests, then the client tests, and one line that counts both."""

import argparse
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodes import REPOSITORY, default_root, lock  # noqa: E402

MINUTES = 60


class Counts:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.problems = []

    def fail(self, words):
        self.failed += 1
        self.problems.append(words)

    def add_report(self, path):
        """Adds the cases of a JUnit report; False when there is none or it cannot be read."""
        try:
            root = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError):
            return False
        for case in root.iter("testcase"):
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                self.fail(f"{case.get('classname')} {case.get('name')}")
            elif "skipped" in kinds:
                self.skipped += 1
            else:
                self.passed += 1
        return True


def run(command, seconds):
    """The exit code; a run that takes too long is ended and counts as failed."""
    print(f"\n$ {' '.join(command)}", flush=True)
    process = subprocess.Popen(command, cwd=REPOSITORY)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"not done after {seconds} s", flush=True)
        return -1
    finally:
        if process.poll() is None:
            # pytest unwinds at SIGTERM and stops its nodes.
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def finish(counts, name, code, reports):
    """Adds what `name` reported. A failure that no report names (a crash, a build error) counts as one."""
    before = counts.failed
    found = [counts.add_report(path) for path in reports]
    if not any(found):
        counts.fail(f"{name}: ended with exit code {code} and without a report")
    elif code != 0 and counts.failed == before:
        counts.fail(f"{name}: ended with exit code {code}, though no test failed")


def swift_tests(counts, results, arguments):
    report = results / "swift.xml"
    command = ["swift", "test", "--package-path", str(REPOSITORY), "--xunit-output", str(report)]
    if arguments.filter:
        command += ["--filter", arguments.filter]
    code = run(command, 30 * MINUTES)
    # Tests written with Swift Testing have a report of their own beside XCTest's, which is empty.
    finish(counts, "swift test", code, [report.with_name("swift-swift-testing.xml")])


def client_tests(counts, results, arguments):
    report = results / "clients.xml"
    command = [sys.executable, "-m", "pytest", str(REPOSITORY / "cluster" / "tests"), "-v", "-rfEs", "--tb=short",
               "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning", "--timeout=240", "--durations=10",
               f"--junitxml={report}"]
    if arguments.select:
        command += ["-k", arguments.select]
    finish(counts, "client tests", run(command, 30 * MINUTES), [report])


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="cluster/test", allow_abbrev=False,
        description="Installs what the tests need, builds, runs the Swift tests and then the client tests against "
                    "clusters of their own. The last line is 'N passed, N failed'.")
    parser.add_argument("--only", choices=("swift", "clients"), help="run only one half")
    parser.add_argument("--filter", help="of the Swift tests, only those that match (swift test --filter)")
    parser.add_argument("--select", help="of the client tests, only those that match (pytest -k)")
    return parser.parse_args(arguments)


def main():
    arguments = parse(sys.argv[1:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    with lock(default_root() / "test"):
        return test(arguments)


def test(arguments):
    results = default_root() / "test-results"
    results.mkdir(parents=True, exist_ok=True)
    for old in results.glob("*.xml"):
        old.unlink()
    counts = Counts()
    if arguments.only != "clients":
        swift_tests(counts, results, arguments)
    if arguments.only != "swift":
        client_tests(counts, results, arguments)
    for words in counts.problems:
        print(f"failed: {words}")
    if counts.skipped:
        print(f"skipped: {counts.skipped}, each with its reason above")
    print(f"{counts.passed} passed, {counts.failed} failed", flush=True)
    return 1 if counts.failed or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main())
