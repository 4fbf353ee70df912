"""Tests of the table: its shape, its rows, and the lines under it."""
import re
import unittest

from results import table
from test_parts import result

LONG = {  # rows as they will be: seed, scenario, its arms
    "": {"info": ["none"]},
    "highatomic": {"spike": ["none", "highatomic-exhaust", "all"],
                   "spike-stray": ["none", "highatomic-exhaust", "series", "all"],
                   "overshoot": ["none", "highatomic-nosteal+highatomic-account"]},
    "oom-notifier": {"notifier": ["none", "oom-notifier-outside"], "balloon": ["none", "all"],
                     "notifier-abba": ["none", "oom-notifier-outside", "all"]},
    "oom-reaper": {"lockup": ["none", "oom-reaper"], "mlocked": ["none", "oom-reaper", "all"],
                   "mmap-writer": ["none", "oom-reaper", "all"], "exit-race": ["none", "all"],
                   "shared-mm": ["none", "oom-reaper", "all"], "two-victims": ["none", "all"]},
}
WORDS = "6062 pages of DMA32 free, min 1425, all (H): killed"


class Table(unittest.TestCase):
    def rows(self, **changes):
        return [result(source=source, scenario=scenario, arm=arm, **changes)
                for source, group in LONG.items() for scenario, found in group.items()
                for arm in found]

    def lines(self, results):
        lines = table.render(results).split("\n")
        self.assertLessEqual(max(map(len, lines)), 120)
        return lines

    def test_32_arms_on_one_screen(self):
        rows = self.rows(showed=WORDS[:45], wall_seconds=12.3)
        self.assertEqual(len(rows), 32)
        lines = self.lines(rows)
        self.assertEqual(len(lines), 1 + len(LONG) + 32 + 1)  # one list of patches is too long
        self.assertEqual(sum(WORDS[:45] in one for one in lines), 32)
        self.assertIn("  arm                   outcome ", lines[0])  # no wider than a name

    def test_a_name_is_given_once_for_its_rows(self):
        lines = self.lines(self.rows())
        for source, group in LONG.items():
            rules = [one for one in lines if re.fullmatch(rf"-- {source} -+", one)]
            self.assertEqual(len(rules), 1 if source else 0, source)
            for name in group:
                self.assertEqual(sum(one.startswith(f"{name} ") for one in lines), 1, name)
        self.assertRegex(lines[1], "^-+$")
        self.assertRegex(lines[5], r"^ +highatomic-exhaust +oom-killed  yes")

    def test_the_same_name_under_another_seed_is_given_again(self):
        lines = self.lines([result(), result(arm="all"), result(source="oom-reaper")])
        self.assertEqual([one.split()[0] for one in lines],
                         ["scenario", "--", "spike", "all", "--", "spike"])

    def test_words_of_the_study_fit_beside_its_arms(self):
        rows = [result(arm=arm, scenario="spike-stray", showed=WORDS, wall_seconds=10.4)
                for arm in ("none", "highatomic-exhaust")]
        self.assertEqual(len(self.lines(rows)), 4)

    def test_never_wider_than_120_columns(self):
        wide = result(scenario="two-victims", outcome="bad-parameter", as_expected=False,
                      arm="highatomic-nosteal+highatomic-account+oom-notifier-outside",
                      wall_seconds=1234.5, showed="a > 1: does not hold (a = 0) " * 5)
        lines = self.lines([result(), wide, result(showed="x" * 300)])
        self.assertEqual("".join("".join(lines).split()).count("x"), 300 + lines[0].count("x"))
        self.assertIn("2.35M", lines[2])
        for name in wide["arm"].split("+"):
            self.assertIn(name, "".join(lines))

    def test_row(self):
        for changes, ok in (({}, "yes"), ({"as_expected": False}, "NO"),
                            ({"as_expected": None, "showed": None}, "-")):
            row = self.lines([result(**changes)])[2]
            self.assertEqual(row.split()[:5], ["spike", "none", "oom-killed", ok, "1"])
            self.assertTrue(row.endswith(" 2.35M 1.5"), row)

    def test_a_row_of_an_older_linux_says_which(self):
        for rules, name in ((None, "a, b"), ("4.8", "a, b"), ("4.6", "a, b (4.6)")):
            row = self.lines([result(arm="a+b", rules=rules)])[2]
            self.assertRegex(row, rf"^spike     {re.escape(name)}  +oom-killed ")

    def test_numbers_in_few_characters(self):
        self.assertEqual([table.short(n) for n in (None, 7, 999, 1234, 12_345, 999_600,
                                                   99_990_000, 2_345_678_901)],
                         ["-", "7", "999", "1.23k", "12.3k", "1.00M", "100M", "2.35G"])
        self.assertEqual([table.seconds(n) for n in (0.04, 9.94, 9.96, 123.4)],
                         ["0.0", "9.9", "10", "123"])

    def test_an_end_that_was_declared_is_no_problem(self):
        stuck = result(outcome="lockup", message="LOCKUP: x")
        self.assertEqual(table.problems(stuck), [])
        self.assertEqual(table.summaries(stuck), ["lockup: LOCKUP: x"])
        for judged in (False, None):
            other = stuck | {"as_expected": judged}
            self.assertEqual(table.problems(other), ["lockup: LOCKUP: x"])
            self.assertEqual(table.summaries(other), [])


if __name__ == "__main__":
    unittest.main()
