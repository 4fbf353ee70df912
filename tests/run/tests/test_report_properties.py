"""Properties of the report reader, by hypothesis: whatever was torn, shuffled or put in between, reading
it gives no error and nothing absurd, and what does not belong to a report changes nothing in it.

The examples are the same in every run; one that fails is shown with the least damage that does.
"""
import json
import re
import unittest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from reports import identities, report
from results import table
from test_report import text

set_hypothesis_home_dir("build/hypothesis")  # it makes a folder, for nothing here
NAMES = ("clean_oom", "seed_oom", "seed_alloc_failure", "linux_2.6.32_syslog", "linux_3.10_numa",
         "linux_6.10_syslog")
LOGS = {name: text(name).split("\n") for name in NAMES}
ZONE = re.compile(r"(Node \d+ )?(DMA|DMA32|Normal|HighMem|Movable|Device)")
SAME = settings(derandomize=True, database=None, deadline=None, max_examples=60,
                suppress_health_check=list(HealthCheck))

places = st.integers(0, 999)  # taken modulo how many there are
blow = st.one_of(
    st.tuples(st.just("lose"), places, st.integers(1, 8)),
    st.tuples(st.just("repeat"), places, places),
    st.tuples(st.just("swap"), places, places),
    st.tuples(st.just("tear"), places, places),
    st.tuples(st.just("join"), places, places),
    st.tuples(st.just("blot"), places, places, st.sampled_from("\0\x1b:(*[]) 9kBé\ud800")),
    st.tuples(st.just("grow"), places, st.sampled_from((1, 20, 5000))))
# Not of all Unicode, of which hypothesis would make itself a table: what a console may hold.
SIGNS = "aB9 .,:;=*+-_/|()[]{}<>#%'\"\t\0\x1b\x7fé€\ud800"
noise = st.text(SIGNS, max_size=60)
pieces = st.sampled_from(sorted({word for lines in LOGS.values() for line in lines for word in line.split()}))


def struck(lines, what, at, more, char=""):
    """Return lines after one blow."""
    lines, at = list(lines), at % len(lines)
    line = lines[at]
    other, cut = more % len(lines), more % (len(line) + 1)
    match what:
        case "lose":
            lines[at:at + more] = [""]
        case "repeat":
            lines.insert(at, lines[other])
        case "swap":
            lines[at], lines[other] = lines[other], line
        case "tear":
            lines[at] = line[:cut]
        case "join":
            lines[at] = line[cut:] + line
        case "blot":
            lines[at] = line[:cut] + char + line[cut + 1:]
        case "grow":
            lines[at] = re.sub(r"\d+", "9" * more, line, count=3)
    return lines


class Damage(unittest.TestCase):
    @SAME
    @given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2), st.lists(blow, min_size=1, max_size=12))
    def test_nothing_absurd_comes_of_it(self, names, blows):
        lines = [line for name in names for line in LOGS[name]]
        for one in blows:
            lines = struck(lines, *one)
        for found in report.parse(lines):
            self.check(found)

    def check(self, one):
        self.assertTrue(one["comm"] is None or 0 < len(one["comm"]) <= 15, one["comm"])
        for name in one["zones"]:
            self.assertRegex(name, ZONE)
        self.assertLessEqual(len(one["unread"]["first"]), 3)
        self.assertTrue(one["preferred"] is None or one["preferred"] in one["zones"])
        for cpus in (1, 4):
            one["identities"] = identities.check(one, cpus)
        self.assertIsInstance(table.summary(1, one), str)
        self.assertEqual(json.loads(json.dumps(one)), one)

    @SAME
    @given(st.lists(st.lists(st.one_of(pieces, noise), max_size=12).map(" ".join), max_size=30))
    def test_of_words_of_reports_in_any_order(self, lines):
        for found in report.parse(lines):
            self.check(found)

    def test_these_checks_see_whole_reports(self):
        for lines in LOGS.values():
            [found] = report.parse(lines)
            self.check(found)
            self.assertTrue(found["zones"])


class Surroundings(unittest.TestCase):
    @SAME
    @given(st.sampled_from(("clean_oom", "seed_oom", "seed_alloc_failure")), st.lists(noise, max_size=5))
    def test_what_comes_before_is_not_the_reports(self, name, before):
        [found] = report.parse(before + LOGS[name])
        self.assertEqual(found["line"], len(before) + 1)
        self.assertEqual([found | {"line": 1}], report.parse(LOGS[name]))

    @SAME
    @given(st.sampled_from(("seed_oom", "seed_alloc_failure", "linux_3.10_numa")),
           st.integers(0, 10 ** 12), st.integers(0, 10 ** 7))
    def test_stamps_change_nothing(self, name, first, step):
        times = (first + at * step for at in range(len(LOGS[name])))
        lines = [f"[{us // 10 ** 6:5}.{us % 10 ** 6:06}] {line}" for us, line in zip(times, LOGS[name])]
        self.assertEqual(report.parse(lines), report.parse(LOGS[name]))

    @SAME
    @given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
    def test_reports_in_a_row_are_each_read_as_alone(self, names):
        together = report.parse([line for name in names for line in LOGS[name]])
        self.assertEqual([one["comm"] for one in together],
                         [one["comm"] for name in names for one in report.parse(LOGS[name])])
        self.assertEqual([one["zones"] for one in together],
                         [one["zones"] for name in names for one in report.parse(LOGS[name])])


if __name__ == "__main__":
    unittest.main()
