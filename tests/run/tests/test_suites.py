"""Tests of `make test`'s own parts: which suites, in what order, what is counted and shown."""
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from suites import order, summary, tap, test_all

TEST_ALL = Path(test_all.__file__)
TWIN = r"""#!/bin/sh
case "$*" in
--groups) echo good; echo bad; echo dead;;
--serve) while read -r group; do
    case $group in
    good) printf 'ok 1 - test_a\nok 2 - test_b\n\n# status 0\n';;
    bad) printf 'ok 1 - test_c\nnot ok 2 - test_d\n# 1 != 2\n\n# status 1\n';;
    dead) printf 'ok 1 - test_e\nSegmentation fault\n'; exit 139;;
    esac
done;;
esac
"""
SIGNALS = """import signal, unittest
class Some(unittest.TestCase):
    def test_signal(self):
        with self.assertRaises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
"""
TESTS = """import unittest
class Some(unittest.TestCase):
    def test_good(self):
        pass
    def test_bad(self):
        for n in (1, 2, 3):
            with self.subTest(n=n):
                self.assertEqual(n, 2)
"""


class Commands(unittest.TestCase):
    def said(self, *argv):
        done = subprocess.run([sys.executable, str(TEST_ALL), *argv], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_mistakes_get_one_line_and_exit_2(self):
        for argv, part in ((("hots",), "SUITE='hots': expected some of system "),
                           (("--builds", "hots"), "SUITE='hots': expected some of system "),
                           (("--jobs", "0", "host"), "JOBS='0': expected a whole number"),
                           (("--bogus",), "unrecognized arguments: --bogus")):
            code, out, err = self.said(*argv)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
            self.assertIn(part, err)

    def test_only_what_the_suites_need_is_built(self):
        self.assertEqual(self.said("--builds", "host"), (0, "host-tests\n", ""))
        self.assertEqual(self.said("--builds", "gdb", "oom"), (0, "image image-debug\n", ""))
        self.assertEqual(set(self.said("--builds")[1].split()),
                         {"image", "image-debug", "clang-check", "browser", "host-replay", "host-tests", "host-tests-debug",
                          "threads-tests", "build/explore/explore", "explore-plants", "host-replay"})

    def test_every_file_of_tests_is_in_one_suite(self):
        for folder in ("tests/system", "tests/gdb", "tests/run/tests"):
            for path in Path(folder).glob("test_*.py"):
                test_all.suite_of(f"{path}::Some::test")


class Runs(unittest.TestCase):
    """Whole runs of pytest on suites of two files."""

    SUITES = {"py": ("test_some.py", ()), "host": ("build/twin", ()), "sig": ("test_sig.py", ())}
    TORN = {"torn": ("test_torn.py", ())}

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        (self.root / "build").mkdir()
        (self.root / "build" / "twin").write_text(TWIN, encoding="utf-8")
        (self.root / "build" / "twin").chmod(0o755)
        for name, text in (("some", TESTS), ("sig", SIGNALS), ("torn", "import nothing_of_this_name\n")):
            (self.root / f"test_{name}.py").write_text(text, encoding="utf-8")

    def python(self, last, suites=SUITES):
        """Return (exit code, what is printed) of a line of Python that may call test_all."""
        code = (f"import sys; sys.path[:0] = {[str(TEST_ALL.parent.parent)]!r}\n"
                f"from suites import test_all\ntest_all.SUITES = {suites!r}\n"
                "def called(*argv):\n"
                "    sys.argv = ['test_all', '--jobs', '1', *argv]\n"
                f"    return test_all.main()\n{last}")
        plain = {name: text for name, text in os.environ.items()
                 if not name.startswith(("PYTEST", "LOWWATER"))}
        done = subprocess.run([sys.executable, "-c", code], cwd=self.root, capture_output=True,
                              text=True, check=False, env=plain)
        return done.returncode, done.stdout, done.stderr

    def several(self, *commands):
        """The same of each of several runs, one after the other in one process."""
        _, out, err = self.python(f"for argv in {commands!r}:\n"
                                  "    code = called(*argv)\n"
                                  "    print('@', code, flush=True)\n"
                                  "    print('@', file=sys.stderr, flush=True)", self.SUITES | self.TORN)
        ends = re.split(r"@ (\d+)\n", out)
        return zip(map(int, ends[1::2]), ends[::2], err.split("@\n"))

    def test_all_of_them_though_interrupts_are_ignored_here(self):
        """Counts, failures and the slowest; and a test may interrupt."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            code, out, err = self.python("sys.exit(called())")
        finally:
            signal.signal(signal.SIGINT, before)
        lines = out.splitlines()
        self.assertEqual((code, lines[-1]), (1, "6 passed, 3 failed"), out + err)
        self.assertIn("sig      1 passed, 0 failed", lines)
        self.assertIn("py       1 passed, 1 failed", lines)
        self.assertIn("host     4 passed, 2 failed", lines)
        for part in ("FAILED test_some.py::Some::test_bad {'n': 1}", "AssertionError: 3 != 2",
                     "FAILED build/twin::bad", "# 1 != 2", "Segmentation fault",
                     "dead ended with status 139"):
            self.assertIn(part, out)
        self.assertEqual(len([line for line in lines if " s  " in line]), 6)
        self.assertIn("tests 6/6", err)

    def test_some_of_them(self):
        """A suite alone, by a word; a word that no test has; a file that cannot be read."""
        alone, nonsense, torn = self.several(("--test", "good and not bad", "py"),
                                             ("--test", "nonsense", *self.SUITES), ("torn",))
        code, out, _ = alone
        self.assertEqual((code, out.splitlines()[-1]), (0, "1 passed, 0 failed"))
        self.assertNotIn("host", out)
        kept = json.loads((self.root / order.SECONDS).read_text(encoding="utf-8"))
        self.assertEqual(list(kept), ["test_some.py::Some::test_good"])
        self.assertEqual(nonsense, (2, "", "lowwater: TEST='nonsense': no test of these suites has "
                                           "such a name\n"))
        code, out, _ = torn
        self.assertEqual((code, out.splitlines()[-1]), (1, "0 passed, 1 failed"))
        self.assertIn("No module named 'nothing_of_this_name'", out)

    def test_words_that_are_no_expression(self):
        wrong = ("good bad", "(", "and", "it's", "good or")
        code, out, err = self.python(f"sys.exit([called('--test', one, 'py') for one in {wrong}] != [2] * 5)")
        self.assertEqual((code, out, err.count("\n")), (0, "", 5), err)
        for words, line in zip(wrong, err.splitlines()):
            self.assertIn(f"lowwater: TEST={words!r}: expected a word of a test's name", line)


class Parts(unittest.TestCase):
    @staticmethod
    def item(name, **attributes):
        return SimpleNamespace(nodeid=name, parent=SimpleNamespace(nodeid=name.rsplit("::", 1)[0]),
                               cls=type("Some", (), attributes))

    def test_the_longest_first_and_a_class_with_one_setup_together(self):
        plain = [self.item(f"a::A::{n}") for n in range(3)]
        shared = [self.item(f"b::B::{n}", setUpClass=None) for n in range(2)]
        items = [plain[0], shared[0], plain[1], shared[1], plain[2]]
        known = {"a::A::0": 3.0, "a::A::1": 9.0, "b::B::0": 4.0, "b::B::1": 4.0}
        with mock.patch.object(order, "last", lambda: known):
            order.pytest_collection_modifyitems(items)
        self.assertEqual([one.nodeid for one in items],
                         ["a::A::2", "a::A::1", "b::B::0", "b::B::1", "a::A::0"])

    def test_what_a_test_waited_is_not_what_it_took(self):
        report, once = SimpleNamespace(duration=5.0), SimpleNamespace(WAITED=[3.5])
        with mock.patch.dict(sys.modules, once=once):
            hook = order.pytest_runtest_makereport()
            next(hook)
            with self.assertRaises(StopIteration):
                hook.send(SimpleNamespace(get_result=lambda: report))
        self.assertEqual((report.duration, once.WAITED), (1.5, [0.0]))

    def test_damaged_seconds_are_none(self):
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "seconds.json"
            with mock.patch.object(order, "SECONDS", path):
                for text in ("", "[1]", '{"a": "x"}', '{"a": null}'):
                    path.write_text(text, encoding="utf-8")
                    self.assertEqual(order.last(), {})

    def test_tap_is_counted_by_its_lines(self):
        self.assertEqual(tap.count("ok 1 - a\n# ok 2\nnot ok 2 - b\nok 3 - c # x\n1..3\n"), (2, 1))

    def test_a_test_with_a_failed_subtest_has_failed(self):
        shown = summary.Summary(lambda name: "some", io.StringIO())
        shown.pytest_xdist_node_collection_finished(["t"])
        with contextlib.redirect_stdout(io.StringIO()):
            for when, failed in (("setup", False), ("call", True), ("call", False),
                                 ("teardown", False)):
                shown.pytest_runtest_logreport(SimpleNamespace(
                    nodeid="t", when=when, failed=failed, duration=1.5, user_properties=[],
                    longreprtext="why"))
        self.assertEqual((shown.totals(), shown.seconds), ((0, 1), {"t": 6.0}))


if __name__ == "__main__":
    unittest.main()
