"""Tests of a sweep's parts: seeds, records, what makes outcomes distinct, texts, progress."""
import io
import os
import unittest
from unittest import mock

from campaign import distribution, progress, ranges, record
import options
from test_parts import result, spec


def one(seed=1, sched=0, **changes):
    """Return a record, spike's ordinary one but for the changes."""
    found = result(seed=seed, sched=sched, console_sha256=f"{seed}-{sched}", args="")
    return record.short(found | changes)


def panic(seed, message):
    return one(seed, outcome="panic", as_expected=False, message=message,
               failed_checks=["outcome is panic: expected oom-killed"])


class Ranges(unittest.TestCase):
    def test_parts_between_commas(self):
        self.assertEqual(ranges.jobs("7, 1..3,2..4", "0,9", "", spec()),
                         [(seed, sched, 0) for seed in (1, 2, 3, 4, 7) for sched in (0, 9)])
        self.assertEqual(ranges.jobs("3", "", "5..6", spec()), [(3, 0, 5), (3, 0, 6)])

    def test_empty_is_the_runs_own(self):
        self.assertEqual(ranges.jobs("", "", "", spec(seed="5", sched="6")), [(5, 6, 0)])

    def test_mistakes(self):
        for text in ("2..1", "x", "1..", "..2", "1,,2", "-1", "1...3", "2147483648", "1 2"):
            with self.subTest(text):
                with self.assertRaisesRegex(options.UserError, "^SCHEDS=.*expected numbers from"):
                    ranges.jobs("", text, "", spec())
        with self.assertRaisesRegex(options.UserError, "at most 1000000 runs, found 2000000"):
            ranges.jobs("1..1000", "1..2000", "", spec())


class Signatures(unittest.TestCase):
    def test_numbers_do_not_tell_apart(self):
        texts = (f"BUG at ffff9000000012{seed}4 +0x{seed}, pid {seed}" for seed in (1, 2, 3))
        kinds = {record.signature(panic(1, text)) for text in texts}
        self.assertEqual([kind.message for kind in kinds], ["BUG at # +#, pid #"])

    def test_names_of_zones_do(self):
        self.assertEqual(record.plain("9 free of DMA32: 12 of app3"), "# free of DMA32: # of app#")
        self.assertNotEqual(record.plain("DMA32 is low"), record.plain("DMA is low"))

    def test_what_does(self):
        sums = [{"kind": "oom", "identities": {"violated": ["9 DMA32: expected 1, found 2"]}}]
        kinds = {record.signature(found) for found in (
            one(), one(seed=9), one(as_expected=None), one(counters={"oom_kills": 2}),
            one(as_expected=False, failed_checks=["a == 1 does not hold (a = 2)"]),
            one(as_expected=False, failed_checks=["a == 1 does not hold (a = 3)"]),
            one(reports=sums), one(reports=sums + sums),
            panic(1, "this"), panic(1, "that"))}
        self.assertEqual(len(kinds), 7)

    def test_a_timeout_is_one_wherever_it_stood(self):
        kinds = {record.signature(one(outcome="timeout", message=text)) for text in ("a", "b")}
        self.assertEqual(len(kinds), 1)

    def test_good(self):
        sums = [{"kind": "oom", "identities": {"violated": ["x"]}}]
        for changes, expected in (({}, True), ({"as_expected": False}, False),
                                  ({"reports": sums}, False), ({"as_expected": None}, True),
                                  ({"as_expected": None, "outcome": "completed"}, True),
                                  ({"as_expected": None, "outcome": "lockup"}, False),
                                  ({"as_expected": None, "reports": sums}, False)):
            self.assertEqual(record.good(one(**changes)), expected, changes)

    def test_good_with_a_request_refused(self):
        for changes, expected in (({"outcome": "completed"}, True), ({"outcome": "panic"}, False),
                                  ({"outcome": "bad-parameter"}, True),
                                  ({"outcome": "lockup"}, False), ({"outcome": "timeout"}, False),
                                  ({"outcome": "lockup", "expected": "lockup"}, True)):
            found = one(as_expected=None, args="a=1 fail_nth=7", **changes)
            self.assertEqual(found["fail_nth"], 7)
            self.assertEqual(record.good(found), expected, changes)
        self.assertFalse(record.good(one(as_expected=None, outcome="bad-parameter")))
        self.assertEqual(one(args="x_fail_nth=7 fail_nth=8x")["fail_nth"], 0)


    def test_sums_that_do_not_hold_are_not_as_declared(self):
        sums = [{"kind": "oom", "identities": {"violated": ["x"]}}]
        out = distribution.text([one(reports=sums)], spec(mem="128"), lambda found: None)
        self.assertRegex(out, r"(?m)^ +1 +100.0% +\S+ +NO ")


class Text(unittest.TestCase):
    def text(self, records, **changes):
        return distribution.text(records, spec(mem="128", **changes),
                                 lambda found: "FOLDER" if found["seed"] == 3 else None)

    def test_rows_by_frequency_with_the_smallest_seeds(self):
        lines = self.text([panic(4, "b 1"), one(9), one(3), one(2), one(5)]).split("\n")
        self.assertRegex(lines[2], r"^ +4 +80.0%  oom-killed  yes +1  2/0 3/0 5/0$")
        self.assertEqual(lines[3].strip(), "make run SCENARIO=spike PATCH=none MEM=128 CPUS=1 "
                                           "SEED=2 SCHED=0")
        self.assertEqual(lines[4].strip(), "FOLDER/")
        self.assertRegex(lines[5], r"^ +1 +20.0%  panic +NO +1  4/0$")
        self.assertEqual([line.strip() for line in lines[6:8]],
                         ["failed: outcome is panic: expected oom-killed", "b #"])
        self.assertEqual(lines[-1], "5 runs, 2 distinct outcomes, 5 distinct logs, "
                                    "4 as declared, 1 not")

    def test_reproducing_command_says_what_is_not_usual(self):
        line = distribution.reproduce(spec(mode="fast", boot="iso", build="debug", cpus="2",
                                           args="a=1 b=2", timeout="7.5"), one(3, 8))
        self.assertTrue(line.endswith("CPUS=2 SEED=3 SCHED=8 MODE=fast BOOT=iso BUILD=debug "
                                      "TIMEOUT=7.5 ARGS='a=1 b=2'"), line)

    def test_a_shift_is_said_if_its_user_did(self):
        self.assertIn(" SCHED=8 SHIFT=0", distribution.reproduce(spec(shift="0"), one(3, 8)))
        self.assertNotIn("SHIFT", distribution.reproduce(spec(), one(3, 8)))

    def test_a_refused_request_is_part_of_it(self):
        found = [one(3, args="fail_nth=5", as_expected=None), one(3, args="fail_nth=6", as_expected=None)]
        self.assertTrue(distribution.reproduce(spec(args="a=1"), found[0]).endswith(
            "ARGS='a=1 fail_nth=5'"))
        lines = self.text(found).split("\n")
        self.assertTrue(lines[0].endswith("smallest SEED/SCHED/FAIL_NTH"))
        self.assertTrue(lines[2].endswith("3/0/5 3/0/6"))

    def test_spread(self):
        found = [one(seed, counters={"oom_kills": kills, "other": 1})
                 for seed, kills in ((1, 2), (2, 0), (3, 7))]
        lines = distribution.spread(found)
        self.assertRegex(lines[1], r"^oom_kills +0 +2 +7$")
        self.assertRegex(lines[2], r"^instructions +2345678 +2345678 +2345678$")
        self.assertEqual(len(lines), 4)
        self.assertEqual(distribution.spread([one(counters={}, instructions={"total": None})]), [])

    def test_nothing_declared(self):
        self.assertIn("1 ended well, 0 not", self.text([one(as_expected=None)]))


class Progress(unittest.TestCase):
    def test_sparse_lines_elsewhere_than_on_a_terminal(self):
        stream = io.StringIO()
        many = progress.Many("sweep spike none", 200, ["completed"] * 20, stream)
        for _ in range(179):
            many.add("oom-killed")
        many.add("panic")
        many.finish()
        lines = stream.getvalue().splitlines()
        self.assertEqual(lines[0], "sweep spike none 20/200  completed 20")
        self.assertRegex(lines[1], r"^sweep spike none 40/200  completed 20  oom-killed 20  "
                                   r"\d+:\d\d left$")
        self.assertEqual(lines[-1], "sweep spike none 200/200  oom-killed 179  completed 20  "
                                    "panic 1")
        self.assertEqual(len(lines), 10)

    def test_live_line_on_a_terminal(self):
        stream = io.StringIO()
        stream.isatty = lambda: True
        many = progress.Many("sweep spike none", 2, [], stream)
        many.add("completed")
        many.finish()
        self.assertNotIn("\n", stream.getvalue())
        self.assertIn("\rsweep spike none 1/2  completed 1  0:00 left", stream.getvalue())

    def test_the_live_line_is_as_wide_as_the_terminal(self):
        for columns in (30, 200):
            stream = io.StringIO()
            stream.isatty = lambda: True
            with mock.patch.dict(os.environ, COLUMNS=str(columns)):
                progress.Many("sweep " + "x" * 300, 2, [], stream).finish()
            drawn = stream.getvalue().split("\r")
            self.assertEqual(max(map(len, drawn)), columns - 1)


if __name__ == "__main__":
    unittest.main()
