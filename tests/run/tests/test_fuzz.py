"""Tests of `make fuzz`, with a stand-in for the target: exit codes, what is counted and said."""
import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suites import fuzz

QUIET = """#!/bin/sh
echo '#2 INITED cov: 1'
echo 'stat::number_of_executed_units: 1200'
"""
CRASH = """#!/bin/sh
echo '#77 NEW cov: 1'
echo 'ERROR: panic: play: mm_validate: something'
echo 'Test unit written to build/crash-1'
exit 77
"""
BROKEN = """#!/bin/sh
echo 'no such flag'
exit 1
"""


class Fuzz(unittest.TestCase):
    def run_with(self, script, jobs="2"):
        """Run on a target that is this script; return the exit code and what was printed."""
        with tempfile.TemporaryDirectory() as name:
            target = Path(name) / "fuzz_alloc"
            target.write_text(script, encoding="utf-8")
            target.chmod(0o755)
            argv = ["fuzz.py", "--seconds", "1", "--jobs", jobs, name]
            out = io.StringIO()
            with mock.patch("sys.argv", argv), contextlib.redirect_stdout(out), \
                    contextlib.redirect_stderr(out):
                return fuzz.main(), out.getvalue()

    def test_nothing_found(self):
        code, out = self.run_with(QUIET)
        self.assertEqual(code, 0, out)
        self.assertRegex(out.splitlines()[-1],
                         r"^fuzz: 2400 executions, \d+ machines a second, no findings$")

    def test_a_finding_is_told_and_how_to_see_it_again(self):
        code, out = self.run_with(CRASH, jobs="1")
        self.assertEqual(code, 1, out)
        self.assertIn("panic: play: mm_validate: something", out)
        self.assertIn("fuzz_alloc build/crash-1", out)
        self.assertRegex(out.splitlines()[-1], r"^fuzz: 77 executions, .*, 1 finding$")

    def test_a_target_that_does_not_run_is_no_success(self):
        code, out = self.run_with(BROKEN)
        self.assertEqual(code, 2, out)
        self.assertIn("no such flag", out)

    def test_bad_numbers_are_refused(self):
        for flag in ("--seconds", "--jobs"):
            with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                fuzz.parse([flag, "0", "build/fuzz"])


if __name__ == "__main__":
    unittest.main()
