"""Loaded by pytest with -p: writes one line of JSON per test to the file that SUITE_REPORT names."""

import json
import os

import pytest


def write(**values):
    with open(os.environ["SUITE_REPORT"], "a") as report:
        report.write(json.dumps(values) + "\n")


def pytest_collection_finish(session):
    if session.config.option.collectonly:
        for item in session.items:
            write(test=item.nodeid)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when != "call" and report.passed:
        return
    if report.skipped:
        reason = str(call.excinfo.value.msg) if hasattr(call.excinfo.value, "msg") else str(report.longrepr)
        write(test=item.nodeid, outcome="skipped", reason=reason.removeprefix("Skipped: "))
    elif report.failed:
        first = (call.excinfo.exconly() if call.excinfo else str(report.longrepr)).splitlines()[0]
        write(test=item.nodeid, outcome="failed", reason=first[:300])
    else:
        write(test=item.nodeid, outcome="passed", reason="")
