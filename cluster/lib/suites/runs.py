"""One run of a suite against one cluster, and what became of each of its tests."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nodes import ClusterError
from suites.distance import at_distance

LIBRARY = Path(__file__).resolve().parents[1]
REPORT_PLUGIN = "report_plugin.py"
TEST_SECONDS = 150
SUITE_SECONDS = 1800


@dataclass
class Result:
    test: str
    # passed, failed or skipped
    outcome: str
    # Why it did not pass, or against what it did.
    reason: str
    # What makes the whole command fail.
    problem: str = ""

    def judge(self, known):
        """Compares the result with what is known of the test."""
        entry = next((entry for entry in known if entry.covers(self.test)), None)
        if entry is None or entry.alone:
            if self.outcome == "failed":
                self.problem = f"{self.test} failed: {self.reason}"
            elif entry is not None:
                self.reason = f"against one node: {entry.reason}"
        elif self.outcome == "passed":
            self.problem = f"{self.test} passed, though known.txt says: {entry.reason}"
        else:
            self.reason = entry.reason


def run_suite(suite, folder, cluster, only, wanted):
    """Results of the tests for whose name `wanted` is true, in the order in which they ran."""
    names = [name for name in collect(suite, folder, cluster, only) if wanted(name)]
    if not names:
        return []
    results = {}
    with at_distance(cluster.nodes[0].bootstrap, suite.distance) as broker:
        reports = pytest(suite, folder, cluster, broker, names, [])
    for report in reports:
        name = report["test"]
        # A test that passes and whose fixtures then fail has failed.
        if name not in results or report["outcome"] == "failed":
            results[name] = Result(name, report["outcome"], report["reason"])
    return list(results.values())


def collect(suite, folder, cluster, only):
    options = ["--collect-only"] + (["-k", only] if only else [])
    reports = pytest(suite, folder, cluster, cluster.nodes[0].bootstrap, suite.files, options)
    return [report["test"] for report in reports]


def pytest(suite, folder, cluster, broker, tests, options):
    """Runs pytest in `folder`, against the address `broker`; the lines that the report plugin wrote."""
    with tempfile.NamedTemporaryFile("w+") as lines:
        plugins = [f"suites.{Path(name).stem}" for name in (suite.plugin, REPORT_PLUGIN)]
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder), "-p", plugins[0],
                   "-p", plugins[1], "-p", "no:cacheprovider", f"--timeout={TEST_SECONDS}", "--tb=short",
                   *suite.pytest_options, *options, *tests]
        environment = {**cluster.environment(), "PYTHONPATH": f"{LIBRARY}", "SUITE_REPORT": lines.name,
                       "SUITE_BROKER": broker, "KAFKA_URI": f"kafka://{broker}", "KAFKA_ROOT": str(folder),
                       "KAFKA_VERSION": suite.kafka_version}
        log = cluster.directory.with_name(f"suites-{suite.client}.log")
        with open(log, "a") as output:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
            try:
                code = process.wait(SUITE_SECONDS)
            except subprocess.TimeoutExpired:
                raise ClusterError(f"{suite.client}'s suite was not done after {SUITE_SECONDS} s; see {log}") from None
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        # 0: all passed, 1: some failed, 5: nothing matches.
        if code not in (0, 1, 5):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise ClusterError(f"{suite.client}'s suite ended with exit code {code}; {log} ends:\n{tail}")
        return [json.loads(line) for line in lines]
