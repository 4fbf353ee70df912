"""The order in which pytest's workers do the tests: the longest of the last time first, one after
the other, so that no worker is left alone with a long one at the end.

A test that waited for what another one made at that moment counts without the wait: so it comes later
the next time, when that is there.
"""
import json
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadScheduling

SECONDS = Path("build/test/seconds.json")  # of each test, the last time that it was run
LONG = 1000.0  # a test that has never been run


class OneByOne(LoadScheduling):
    """Gives a worker its next test and no more: it must know the one after that it works on."""

    def _send_tests(self, node, num):
        super()._send_tests(node, min(num, 2 - len(self.node2pending[node])))


def pytest_xdist_make_scheduler(config, log):
    return OneByOne(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Sort the tests; those of a class that is set up once stay together."""
    known = last()
    spent = {}
    for item in items:
        spent[unit(item)] = spent.get(unit(item), 0.0) + known.get(item.nodeid, LONG)
    items.sort(key=lambda item: (-spent[unit(item)], unit(item)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """Take the wait out of what a test, or its setup, took."""
    outcome = yield
    waited = getattr(sys.modules.get("once"), "WAITED", [0.0])
    outcome.get_result().duration -= waited[0]
    waited[0] = 0.0


def unit(item):
    """Return what stays together: a class with a setUpClass of its own, else the test alone."""
    own = getattr(getattr(item, "cls", None), "__dict__", {})
    return item.parent.nodeid if "setUpClass" in own else item.nodeid


def last():
    """Return {test: seconds}; a damaged file knows none."""
    try:
        kept = json.loads(SECONDS.read_text(encoding="utf-8"))
        return {name: float(value) for name, value in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
