"""Tests of `make coverage`: how the counts of many objects are put together and judged."""
import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suites import coverage


def line(number, count, branches=(), function="f"):
    return {"line_number": number, "count": count, "function_name": function,
            "branches": [{"count": one} for one in branches]}


def score(*lines):
    entries = {}
    coverage.merge(entries, lines)
    return coverage.Score(list(entries.items()))


class Coverage(unittest.TestCase):
    def test_objects_add_up(self):
        entries = {}
        coverage.merge(entries, [line(1, 2, [2, 0]), line(2, 0)])
        coverage.merge(entries, [line(1, 1, [0, 1]), line(2, 0)])
        self.assertEqual(entries[(1, "f")], [3, [2, 1]])
        self.assertEqual(coverage.Score(list(entries.items())).percentages(), (50.0, 100.0))

    def test_a_line_of_two_functions_is_one_line(self):
        found = score(line(1, 0, function="f"), line(1, 4, function="g"))
        self.assertEqual(found.lines, [4])

    def test_only_the_allocator_is_judged(self):
        scores = {"mm/alloc/buddy.c": score(line(1, 1)), "mm/new.h": score(line(1, 1)),
                  "mm/space/vma.c": score(line(1, 0)), "kernel/core/lock/lock.c": score(line(1, 0))}
        self.assertEqual(coverage.in_allocator(scores), ["mm/alloc/buddy.c", "mm/new.h"])
        self.assertEqual(coverage.allocator(scores).percentages(), (100.0, 100.0))
        self.assertEqual([row.split()[0] for row in coverage.table(scores) if row[0] != "-"],
                         ["file", "mm/alloc/buddy.c", "mm/new.h", "the", "mm/space/vma.c"])

    def judge(self, *lines):
        """Run main() on a machine whose only file has these lines."""
        entries = {}
        coverage.merge(entries, lines)
        out = io.StringIO()
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(out), \
                mock.patch("sys.argv", ["coverage.py", name]), \
                mock.patch.object(coverage, "run", return_value=True), \
                mock.patch.object(coverage, "sizes", return_value=""), \
                mock.patch.object(coverage, "misses", return_value=["mm/x.c:1: missed"]), \
                mock.patch.object(coverage, "read", return_value={"mm/x.c": entries}):
            code = coverage.main()
            missed = (Path(name) / "uncovered.txt").read_text(encoding="utf-8")
        self.assertEqual(missed, "mm/x.c:1: missed\n")
        return code, out.getvalue().splitlines()[-1]

    def test_thresholds(self):
        covered = [line(n, 1, [1, 1]) for n in range(19)]
        self.assertEqual(self.judge(*covered, line(19, 0))[0], 0)  # exactly 95 %
        code, last = self.judge(*covered, line(19, 0), line(20, 0))
        self.assertEqual(code, 1)
        self.assertTrue(last.startswith("coverage: FAILED: the allocator has 90.5%"), last)
        code, last = self.judge(*covered[:1], line(19, 1, [1, 0]))
        self.assertEqual(code, 1)
        self.assertIn("75.0% of branches", last)


if __name__ == "__main__":
    unittest.main()
