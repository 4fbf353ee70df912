"""Tests of junit.xml as somebody else's reader has it: junitparser counts again what we say."""
import tempfile
import unittest
from pathlib import Path

from junitparser import Failure, JUnitXml

from results import junit
from suites import explore
from test_parts import result


def read(path):
    """Return the only suite of a file, and its counts as they stand there."""
    [suite] = JUnitXml.fromfile(str(path))
    said = suite.tests, suite.failures, suite.errors
    suite.update_statistics()
    return suite, said


class JUnit(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.path = Path(place.name) / "junit.xml"

    def test_counts_times_and_failures_of_runs(self):
        bad = result(arm="a+b", as_expected=False, failed_checks=["oom_kills == 2: does not hold"],
                     wall_seconds=2.25)
        self.path.write_text(junit.text([result(), bad, result(arm="all")]), encoding="utf-8")
        suite, said = read(self.path)
        self.assertEqual((suite.name, said), ("lowwater", (suite.tests, suite.failures, suite.errors)))
        self.assertEqual(said, (3, 1, 0))
        cases = {case.name: case for case in suite}
        self.assertEqual({name: case.time for name, case in cases.items()},
                         {"none": 1.5, "a+b": 2.25, "all": 1.5})
        [failure] = cases["a+b"].result
        self.assertIsInstance(failure, Failure)
        self.assertEqual(failure.message, "failed: oom_kills == 2: does not hold")
        self.assertEqual(cases["none"].result, [])
        self.assertIn("qemu -x", cases["none"].system_out)

    def test_the_explorers(self):
        good = {"scenario": "r1", "title": "", "arm": "", "bounds": [], "shows": [], "ok": True, "message": ""}
        bad = good | {"scenario": "r2", "ok": False, "message": "panic: \"a < b\""}
        explore.junit([good, bad], self.path)
        suite, said = read(self.path)
        self.assertEqual((said, suite.tests, suite.failures), ((2, 1, 0), 2, 1))
        self.assertEqual([case.classname for case in suite], ["lowwater.explore"] * 2)


if __name__ == "__main__":
    unittest.main()
