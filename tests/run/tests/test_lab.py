"""Tests of the lab's data and files: columns, marks, explanations, the table. What a browser does with them
is tests/system/test_report_html.py's.
"""
import contextlib
import csv
import io
import json
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import lab_runs
import lowwater
from check import verdict
from fake_build import FakeBuild
from lab import collect, command, explain, facts, log, pack, page, pagemap, series
from reports import report
from results import console

MS = lab_runs.MS
CLEAN = (lab_runs.DATA / "clean_oom.txt").read_text(encoding="utf-8")


def run(**changes):
    """Return a made run as the page has it."""
    with tempfile.TemporaryDirectory() as name:
        lab_runs.fill(Path(name) / "run", **changes)
        return collect.load(Path(name) / "run", "run")


class Series(unittest.TestCase):
    def charts(self, **changes):
        return {one["key"]: one for one in series.charts(run(**changes).result)}

    def test_columns_are_the_samples(self):
        found = self.charts()
        self.assertEqual(list(found), ["zone-DMA", "zone-DMA32", "lists", "swap", "counts"])
        zone = found["zone-DMA32"]
        self.assertEqual(zone["names"], ["free", "reserved", "min", "low", "high"])
        self.assertEqual([column[60] for column in zone["columns"]], [60 * MS, 27500, 600, 476, 595, 714])
        self.assertEqual([column[60] for column in found["lists"]["columns"]], [60 * MS, 160, 120])
        self.assertEqual([column[60] for column in found["swap"]["columns"]], [60 * MS, 60, 6])
        self.assertEqual(found["counts"]["names"], ["allocstall"])  # the others are always 0
        self.assertEqual({len(column) for one in found.values() for column in one["columns"]}, {lab_runs.SAMPLES})

    def test_marks_come_from_a_report_where_zones_are_not_told(self):
        self.assertEqual(self.charts(zones={})["zone-DMA32"]["columns"][3][0], 250)
        self.assertEqual(self.charts(zones={}, log="")["zone-DMA32"]["names"], ["free", "reserved"])

    def test_no_swap_no_chart(self):
        without = [one | {"swap_free": 0, "swap_cached": 0} for one in lab_runs.samples(5)]
        self.assertNotIn("swap", self.charts(memory_samples=without))

    def test_a_scenarios_own_samples(self):
        points = [{"ns": 5, "value": 7, "pid": 3}, {"ns": 5, "value": 1, "pid": 4}, {"ns": 9, "value": 2, "pid": 3}]
        found = self.charts(samples={"victim_rss": points})["sample-victim_rss"]
        self.assertEqual((found["names"], found["columns"]), (["pid 3", "pid 4"], [[5, 9], [7, 2], [1, None]]))

    def test_marks_in_order(self):
        one = run()
        found = series.marks(one.result, one.lines)
        self.assertEqual([(mark["label"], mark["ns"]) for mark in found],
                         [("K1", 60 * MS), ("R1", 70 * MS), ("O1", 412345000)])
        self.assertEqual(found[0]["text"], "killed: spike (pid 12, rss 9000 pages)")

    def test_without_samples_the_command_that_makes_them(self):
        base = "make run SCENARIO=spike PATCH=none MEM=256"
        for changes, more in (({"memory_samples": []}, " ARGS=sample_us=4000"), ({"map": []}, " ARGS=map_us=4000"),
                              ({"memory_samples": [], "map": []}, " MAP=1")):
            [[_, said]] = series.hints(run(**changes).result)
            self.assertEqual(said, base + more)
        self.assertEqual(series.hints(run().result), [])

    def test_a_command_says_nothing_twice(self):
        result = {"command": "make run 'ARGS=a=1 sample_us=9 b=2'"}
        for extra, more in ((facts.SAMPLES, "'ARGS=a=1 b=2 sample_us=4000'"), (facts.BOTH, "'ARGS=a=1 b=2' MAP=1"),
                            (facts.MAP, "'ARGS=a=1 sample_us=9 b=2 map_us=4000'"), ("", "'ARGS=a=1 sample_us=9 b=2'")):
            self.assertEqual(facts.command(result, extra), f"make run {more}")
        self.assertEqual(facts.command({"command": "make run ARGS=sample_us=9"}, facts.BOTH), "make run MAP=1")

    def test_a_result_from_before_the_command(self):
        result = run().result
        del result["command"], result["revision"], result["toolchain"]
        self.assertEqual(facts.command(result), "make run SCENARIO=spike PATCH=none MEM=256 CPUS=1 SHIFT=0 "
                                                "SEED=1 SCHED=0 MODE=exact BUILD=release DEVICES=none")
        self.assertEqual(dict(facts.rows(result))["Revision"], "not recorded")


class PageMap(unittest.TestCase):
    def test_it_is_as_it_was_sent(self):
        found, wrong = pagemap.checked({"map": lab_runs.pagemap(), "zones": lab_runs.ZONES})
        self.assertEqual((found["zones"], wrong), ([["DMA", 4, 1, 1024], ["DMA32", 60, 4096, 1024]], []))
        self.assertEqual(found["steps"][2], [10 * MS, 1, "5Mf51M04H8"])

    def test_what_cannot_be_right_is_left_out_with_a_line(self):
        entries = [{"ns": 1, "zone": "DMA", "cells": text} for text in ("4M0", "5M0", "4M", "", "4Q0", "0M0", "4Mg", 4)]
        found, wrong = pagemap.checked({"map": [*entries, {"zone": "DMA"}, 3]})
        self.assertEqual([step[2] for step in found["steps"]], ["4M0"])
        self.assertEqual(len(wrong), 9)
        self.assertEqual(wrong[0], "entry 2 of the page map is left out: 5 pageblocks of DMA, of which there were 4")

    def test_none(self):
        self.assertEqual(pagemap.checked({}), (None, []))


class Explanations(unittest.TestCase):
    def setUp(self):
        self.lines = CLEAN.splitlines()
        self.fold = log.data(self.lines)["folds"][0]
        self.said = {(number, self.lines[number][start:end]): text for number, start, end, text in self.fold["notes"]}

    def explained(self, word, text):
        """Find what is said of a word in the one line that has this text."""
        number = next(number for number, line in enumerate(self.lines) if text in line)
        return self.said[(number, word)]

    def test_in_pages_and_mib(self):
        self.assertIn("2,072 pages, 8.1 MiB", self.explained("free:8288kB", "DMA32 free:"))
        self.assertIn("the mark at which kswapd is woken: 313 pages, 1.2 MiB",
                      self.explained("low:1252kB", "DMA32 free:"))
        self.assertIn("2,048 pages, 8.0 MiB, on lists of: high-order atomic reserve",
                      self.explained("2*4096kB (H)", "DMA32: 0*4kB"))
        self.assertIn("all memory of the machine: 36,766 pages", self.explained("36766", "pages RAM"))
        self.assertIn("in pages: 900 pages, 3.5 MiB", self.explained("900", "0 spike"))
        self.assertIn("kept back here from requests that could use Movable",
                      self.explained("120", "lowmem_reserve[]: 0 120"))
        self.assertIn("of the victim", self.explained("anon-rss:3600kB", "Killed process"))
        self.assertIn("slots of swap that are free: 2 pages", self.explained("8kB", "Free swap"))

    def test_each_number_of_the_memory_part_is_explained(self):
        first = next(at for at, line in enumerate(self.lines) if line.endswith("Mem-Info:"))
        last = next(at for at, line in enumerate(self.lines) if "hwpoisoned" in line)
        for at in range(first + 1, last + 1):
            text = console.unstamp(self.lines[at])
            skipped = len(self.lines[at]) - len(text)
            spans = [(start - skipped, end - skipped) for number, start, end, _ in self.fold["notes"] if number == at]
            for found in re.finditer(r"(?<![A-Za-z\d])\d+(?=[kK]?B?\b)", text.removeprefix("Node 0 ")):
                place = found.start() + len(text) - len(text.removeprefix("Node 0 "))
                with self.subTest(text[:50], number=found[0]):
                    self.assertTrue(any(start <= place < end for start, end in spans))

    def test_the_zones_test_is_the_checks(self):
        self.assertIn("passes by 1822, but every block is of the high-order reserve",
                      self.explained("DMA32", "DMA32 free:"))

    def test_a_fold_holds_the_report_and_nothing_else(self):
        for before, after in ((0, 0), (3, 2)):
            lines = ["[    0.1] before"] * before + self.lines + ["[    0.9] after"] * after
            fold = log.data(lines)["folds"][0]
            self.assertEqual((fold["first"], fold["last"]), (before, before + len(self.lines) - 1))
        self.assertEqual(log.data(["[    0.1] x"])["folds"], [])

    def test_two_reports_two_folds(self):
        folds = log.data(self.lines + ["[    0.5] between"] + self.lines)["folds"]
        self.assertEqual([(one["first"], one["last"]) for one in folds],
                         [(0, len(self.lines) - 1), (len(self.lines) + 1, 2 * len(self.lines))])

    def test_a_later_memory_report_is_not_in_the_fold(self):
        failure = (lab_runs.DATA / "seed_alloc_failure.txt").read_text(encoding="utf-8").splitlines()
        alone = log.data(failure)["folds"][0]["last"]
        later = [line for line in self.lines if "Node 0" in line or "pages RAM" in line]
        lines = failure[:alone + 1] + ["[    0.5] between"] * 5 + later
        self.assertEqual([one["last"] for one in log.data(lines)["folds"]], [alone])

    def test_foreign_text_is_survived(self):
        for path in sorted(lab_runs.DATA.glob("*.txt")):
            with self.subTest(path.name):
                lines = path.read_text(encoding="utf-8").splitlines()
                self.assertTrue(log.data(lines)["folds"])
        one = report.parse(self.lines)[0]
        explainer = explain.Explainer(one, verdict.judge(one))
        for text in ("", "Node 0 ", "free:", "[", "]" * 99, "DMA free:1kB min:\0", "lowmem_reserve[]:"):
            explainer.line(text)


class Pages(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)

    def report(self, *argv):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = lowwater.main(["report", "--results", str(self.folder), *argv])
        return code, out.getvalue(), err.getvalue()

    def page(self):
        return (self.folder / "report.html").read_text(encoding="utf-8")

    def test_one_row_each_and_all_of_their_data(self):
        made = [lab_runs.fill(self.folder / "spike" / arm, arm=arm) for arm in ("none", "all", "x@mem=64")]
        self.assertEqual(self.report(), (0, f"{self.folder}/table.csv\n{self.folder}/report.html\n", ""))
        data = [pack.unpacked(text) for text in re.findall(r'data-name="[^"]*">([^<]*)</script>', self.page())]
        self.assertEqual([one["name"] for one in data], ["spike/none", "spike/x@mem=64", "spike/all"])
        self.assertEqual(data[0]["charts"], series.charts(made[0]))
        self.assertIn("Lowwater: 3 runs", self.page())

    def test_nothing_in_it_is_from_elsewhere(self):
        lab_runs.fill(self.folder / "spike" / "none")
        self.report()
        elsewhere = r"""(?:src|href)=["'](?!#|data:)[^"']*|@import|sourceMappingURL|url\("""
        self.assertEqual(re.findall(elsewhere, self.page()), [])

    def test_no_text_of_a_run_is_html(self):
        evil = "</script><script>alert(1)</script><b>&\"'"
        lab_runs.fill(self.folder / evil.replace("/", "_"), scenario=evil, showed=evil, source=evil,
                      log=evil + "\n@@STYLE@@")
        self.report()
        self.assertNotIn("alert(1)</script>", self.page())
        self.assertNotIn("<b>&", self.page())

    def test_what_is_no_result_is_a_line_and_the_others_are_shown(self):
        lab_runs.fill(self.folder / "spike" / "none")
        for name, text in (("torn", "{"), ("list", "[]"), ("other", "{}")):
            (self.folder / name).mkdir()
            (self.folder / name / "result.json").write_text(text, encoding="utf-8")
        code, _, err = self.report()
        self.assertEqual((code, err.count("expected a run's result"), err.count("\n")), (1, 3, 3))
        self.assertIn("Lowwater: 1 run<", self.page())

    def test_nothing_there(self):
        code, out, err = self.report()
        self.assertEqual((code, out, err), (2, "", f"lowwater: {self.folder}: no run is there; make run fills it\n"))

    def test_the_table_as_csv(self):
        lab_runs.fill(self.folder / "spike" / "none", showed="=cmd|' /C calc'!A0, \"quoted\"")
        lab_runs.fill(self.folder / "info" / "none", scenario="info", source="", instructions={"total": None})
        self.report()
        with open(self.folder / "table.csv", encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        self.assertEqual([(row["folder"], row["instructions"], row["ok"]) for row in rows],
                         [("info/none", "", "yes"), ("spike/none", "2345678", "yes")])
        self.assertEqual(rows[1]["what it showed"], "'=cmd|' /C calc'!A0, \"quoted\"")
        self.assertEqual((rows[1]["clean"], rows[1]["image_sha256"]), ("True", "ab" * 32))

    def test_a_long_run_is_small(self):
        """A spike of 2 GiB with a thousand samples and as many maps, each different in many places."""
        samples, cells = lab_runs.samples(1000), []
        for at in range(1000):
            runs = [f"{1 + (at * 7 + place) % 3}M{(at * place) % 16:x}" for place in range(200)]
            rest = 512 - sum(int(one[0]) for one in runs)
            cells.append({"ns": at * MS, "zone": "DMA32", "cells": "".join(runs) + f"{rest}U3"})
        lab_runs.fill(self.folder / "spike" / "none", memory_samples=samples, map=cells)
        self.report()
        self.assertLess((self.folder / "report.html").stat().st_size, 3 << 20)

    def test_without_the_library_it_says_what_to_install(self):
        lab_runs.fill(self.folder / "spike" / "none")
        with mock.patch.object(page, "LIBRARY", self.folder):
            code, _, err = self.report()
            self.assertEqual((code, err.count("\n")), (2, 1))
            self.assertIn("apt-get install --no-install-recommends libjs-dygraphs", err)
            with contextlib.redirect_stderr(io.StringIO()) as told:
                self.assertIsNone(command.after([self.folder / "spike" / "none"], self.folder))
            self.assertIn("lowwater: no report.html: ", told.getvalue())


class AfterRuns(FakeBuild):
    def test_a_run_and_all_of_them_say_where_the_page_is(self):
        path = self.build / "results" / "report.html"
        _, out, _ = self.lowwater("run")
        self.assertEqual(out.splitlines()[-1], str(path))
        self.assertIn("Lowwater: 1 run<", path.read_text(encoding="utf-8"))
        _, out, _ = self.lowwater("all")
        self.assertIn(f"\npictures: {path}\n", out)
        found = [json.loads(one.read_text(encoding="utf-8")) for one in path.parent.glob("*/*/result.json")]
        self.assertIn(f"Lowwater: {len(found)} runs<", path.read_text(encoding="utf-8"))

    def test_a_sweeps_job_makes_none(self):
        self.lowwater("run", "--record")
        self.assertFalse((self.build / "results" / "report.html").exists())


if __name__ == "__main__":
    unittest.main()
