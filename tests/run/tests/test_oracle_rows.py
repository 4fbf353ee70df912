"""Tests of the comparison with Linux's numbers: points, what is counted since when, limits, the table."""
import unittest

from campaign import oracle

RUNS = {"a": {"before": {"nr_free_pages": 9}, "touch": {"pswpout": 100, "pswpin": 20, "nr_free_pages": 7},
              "end": {"pswpout": 300, "pswpin": 120}},
        "b": {"touch": {"pswpout": 120}, "probe": {"windows": "1 2"}}}
RESULT = {"points": {"before": {"ns": 1, "counters": {"pswpout": 5, "nr_free_pages": 60, "nr_written": 3}},
                     "after-touch": {"ns": 2, "counters": {"pswpout": 8, "nr_free_pages": 50, "nr_written": 4}}},
          "counters": {"oracle_window_2": 2, "oracle_window_1": 1, "oracle_window_10": 8, "oracle_swapped": 7,
                       "oom_kills": 1},
          "reports": [{"zones": {"DMA32": {"free": 457}}, "global": {"active_anon": 3, "inactive_anon": 2},
                       "trailer": {"free_swap_kb": 8}}]}


def row(what, lowwater, point="touch", **limit):
    return oracle.row_of({"point": point, "what": what} | limit, RUNS, {point: {what: lowwater}})


class Points(unittest.TestCase):
    def test_levels_and_what_was_counted_since_before(self):
        found = oracle.points_of(RESULT)
        touch = found["after-touch"]
        self.assertEqual([touch[name] for name in ("pswpout", "nr_free_pages", "nr_written", "swapped")],
                         [3, 50, 1, 7])
        self.assertEqual(found["probe"], {"windows": "1 2 8"})
        self.assertEqual(found["final"]["kills"], 1)
        self.assertEqual(found["kill"], {"free_DMA32": 457, "nr_active_anon": 3, "nr_inactive_anon": 2,
                                         "free_swap": 2})

    def test_between_two_points(self):
        self.assertEqual(oracle.value({"point": "touch..end", "what": "pswpout / pswpin"}, RUNS["a"]), 2)
        self.assertIsNone(oracle.value({"point": "touch..end", "what": "pswpout"}, RUNS["b"]))
        self.assertIsNone(oracle.value({"point": "end", "what": "pgfault"}, RUNS["a"]))


class Limits(unittest.TestCase):
    def test_a_part_of_the_least_and_the_most(self):
        self.assertEqual([row("pswpout", here, within=.1)["ok"] for here in (89, 90, 110, 132, 133)],
                         [False, True, True, True, False])

    def test_a_factor(self):
        self.assertEqual([row("pswpout", here, times=2)["ok"] for here in (49, 50, 240, 241)],
                         [False, True, True, False])

    def test_so_much_more_or_less(self):
        self.assertEqual([row("pswpout", here, by=2)["ok"] for here in (97, 98, 122, 123)],
                         [False, True, True, False])
        self.assertEqual(row("pswpout", 100, by=0)["limit"], "same")

    def test_a_text_is_that_of_a_run(self):
        self.assertIs(row("windows", "1 2", "probe", by=0)["ok"], True)
        self.assertIs(row("windows", "2 1", "probe", by=0)["ok"], False)

    def test_what_lowwater_does_not_have_is_missed(self):
        self.assertIs(oracle.row_of({"point": "touch", "what": "pswpout", "by": 9}, RUNS, {})["ok"], False)

    def test_nothing_is_asked_of_what_a_note_explains(self):
        self.assertIsNone(row("pswpout", 1)["ok"])
        self.assertIsNone(row("pswpout", 1, differs="disk")["ok"])
        self.assertEqual(row("pswpout", 1, differs="disk")["limit"], "(disk)")


class Table(unittest.TestCase):
    def test_a_workload_s(self):
        found = {"rows": [row("pswpout", 133, within=.1), row("pswpin", 20)], "message": None, "scenario": "w"}
        text = oracle.text("W", {"source": "somewhere", "notes": {"disk": "is slow"}}, found)
        self.assertEqual(text.splitlines()[3], "touch  pswpout    100 to 120       133   1.21   10 %  NO")
        self.assertEqual(text.splitlines()[-1], "(disk) is slow")
        self.assertIn("1 limits, 0 held, 1 not\nbeyond its limit: W, touch: pswpout", oracle.closing({"W": found}))

    def test_every_note_that_a_row_names_is_there(self):
        for name, one in oracle.schema.load(oracle.DATA, "linux_oracle")["workloads"].items():
            for line in one["rows"]:
                with self.subTest(name, what=line["what"]):
                    self.assertIn(line.get("differs", "machine"), one["notes"])
                    self.assertTrue(any(oracle.value(line, run) is not None for run in one["runs"].values()))


if __name__ == "__main__":
    unittest.main()
