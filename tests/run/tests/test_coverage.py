"""Tests of `make coverage`: how the counts of many objects are put together and judged."""
import contextlib
import io
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suites import coverage


def line(number, count, branches=(), noncode=False):
    """A line of gcovr's JSON."""
    return {"line_number": number, "count": count, "gcovr/noncode": noncode,
            "branches": [{"count": one} for one in branches]}


def score(*lines):
    return coverage.Score(coverage.lines_of({"lines": lines}).values())


SOURCE = """static inline int half(int n)
{
	if (n < 0)
		return -1;
	return n / 2;
}
"""


class Coverage(unittest.TestCase):
    def test_lines_and_branches(self):
        self.assertEqual(score(line(1, 3, [2, 0]), line(2, 0), line(3, 0, noncode=True)).percentages(),
                         (50.0, 50.0))

    def test_objects_add_up(self):
        """An inline function that is in two programs: each takes one of its branches."""
        with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
            for folder in ("mm", "build"):
                Path(folder).mkdir()
            Path("mm/half.h").write_text(SOURCE, encoding="utf-8")
            for one, n in (("a", -4), ("b", 4)):
                Path(f"mm/{one}.c").write_text(f'#include "half.h"\nint main(void) {{ return half({n}) == 9; }}\n',
                                               encoding="utf-8")
                subprocess.run(["gcc", "-O0", "--coverage", "-c", f"mm/{one}.c", "-o", f"build/{one}.o"],
                               check=True)
                subprocess.run(["gcc", "--coverage", f"build/{one}.o", "-o", f"build/{one}"], check=True)
                subprocess.run([f"build/{one}"], check=True)
            found = coverage.read(Path("build"))
        self.assertEqual({name for name in found if name.endswith(".h")}, {"mm/half.h"})
        self.assertEqual(found["mm/half.h"][3], (2, [1, 1]))
        self.assertEqual(coverage.Score(found["mm/half.h"].values()).percentages(), (100.0, 100.0))

    def test_only_the_allocator_is_judged(self):
        scores = {"mm/alloc/buddy.c": score(line(1, 1)), "mm/new.h": score(line(1, 1)),
                  "mm/space/vma.c": score(line(1, 0)), "kernel/core/lock/lock.c": score(line(1, 0))}
        self.assertEqual(coverage.in_allocator(scores), ["mm/alloc/buddy.c", "mm/new.h"])
        self.assertEqual(coverage.allocator(scores).percentages(), (100.0, 100.0))
        self.assertEqual([row.split()[0] for row in coverage.table(scores) if row[0] != "-"],
                         ["file", "mm/alloc/buddy.c", "mm/new.h", "the", "mm/space/vma.c"])

    def judge(self, *lines):
        """Run main() on a machine whose only file has these lines."""
        entries = coverage.lines_of({"lines": lines})
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
