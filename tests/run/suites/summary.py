"""What `make test` prints: signs of life, what failed, a line for each suite, the slowest tests, and
last of all `N passed, N failed`.

A test is one method of a TestCase or one TAP line; a test with failed subtests has failed.
"""
from collections import Counter

import pytest

from campaign.progress import Many

SLOWEST = 10


class Summary:
    """A pytest plugin in the place of its terminal reporter; suite_of(test) names a test's suite."""

    def __init__(self, suite_of, stream=None):
        self.suite_of = suite_of
        self.stream = stream
        self.seconds = {}  # of each test that was run
        self.counts = {}  # [passed, failed] of each test
        self.errors = []  # files that could not be read, say
        self.progress = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_xdist_node_collection_finished(self, ids):
        """The first worker tells how many tests there are."""
        if ids and not self.progress:
            self.progress = Many("tests", len(ids), [], self.stream)

    def pytest_collectreport(self, report):
        if report.failed:
            self.errors.append(report.nodeid)
            self.tell(report)

    def pytest_runtest_logreport(self, report):
        """Take in one phase of a test, or one of its subtests that failed."""
        name = report.nodeid
        self.seconds[name] = self.seconds.get(name, 0.0) + report.duration
        passed, failed = dict(report.user_properties).get("tests", (1, 0))
        if report.failed:
            self.counts[name] = [passed, failed] if failed else [0, 1]
            self.tell(report)
        elif report.when == "call":
            self.counts.setdefault(name, [passed, failed])
        if report.when == "teardown" and self.progress:
            self.progress.add("failed" if self.counts[name][1] else "passed")

    def tell(self, report):
        """Show a failure at once."""
        if self.progress:
            self.progress.finish()
        title = " ".join([report.nodeid, subtest(report)]).rstrip()
        print(f"FAILED {title}\n{report.longreprtext}\n", flush=True)

    def totals(self):
        passed, failed = (sum(column) for column in zip(*self.counts.values(), (0, 0)))
        return passed, failed + len(self.errors)

    def show(self):
        """Print what all of it came to."""
        if self.progress:
            self.progress.finish()
        suites = Counter()
        for name, (passed, failed) in self.counts.items():
            suites[self.suite_of(name), "passed"] += passed
            suites[self.suite_of(name), "failed"] += failed
        for suite in dict.fromkeys(suite for suite, _ in suites):
            print(f"{suite:8} {suites[suite, 'passed']} passed, {suites[suite, 'failed']} failed")
        slowest = sorted(self.seconds.items(), key=lambda pair: -pair[1])[:SLOWEST]
        if slowest:
            print("slowest:")
        for name, seconds in slowest:
            print(f"{seconds:7.1f} s  {name}")
        passed, failed = self.totals()
        print(f"{passed} passed, {failed} failed")


def subtest(report):
    """Return a subtest's parameters."""
    context = getattr(report, "context", None)
    return str(context.kwargs) if context and context.kwargs else ""
