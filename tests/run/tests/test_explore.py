"""Tests of `make explore`, with a stand-in for the program: table, results, exit codes; plants."""
import contextlib
import io
import json
import tempfile
import unittest
import xml.etree.ElementTree as tree
from pathlib import Path

from suites import explore, plants

LISTED = [{"scenario": "calm", "title": "nothing happens", "arm": "none", "bound": 2, "quick": 1},
          {"scenario": "wild", "title": "something does", "arm": "all", "bound": 2, "quick": 1}]
BOUND = {"bound": 0, "schedules": 6, "cut": 3, "points": 19, "states": 67, "cpu_seconds": 0.5,
         "exhausted": True}
CALM = {"scenario": "calm", "title": "", "arm": "none", "bounds": [BOUND], "ok": True,
        "reset_us": 1.2,
        "shows": [{"result": "R1: a stray", "token": "0:free+6#1>1", "bound": 0, "schedules": 2}]}
WILD = {"scenario": "wild", "title": "", "arm": "all", "bounds": [dict(BOUND, exhausted=False)],
        "shows": [], "ok": False, "message": "deadlock", "token": "start>1"}


class Explore(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.answer(CALM, WILD)

    def answer(self, *results):
        """Make a program that lists two scenarios and has these results."""
        lines = ["#!/bin/sh", f"echo \"$*\" >> {self.folder}/asked", 'case "$1" in',
                 "--list) cat <<'END'", *map(json.dumps, LISTED), "END", ";;"]
        for result in results:
            lines += [f"{result['scenario']}) cat <<'END'", json.dumps(result), "END", ";;"]
        program = self.folder / "explore"
        program.write_text("\n".join([*lines, "*) exit 3;;", "esac", ""]), encoding="utf-8")
        program.chmod(0o755)

    def run_with(self, *more):
        argv = ["run", str(self.folder), "--results", str(self.folder / "results"), *more]
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                code = explore.run(explore.parse(argv))
            except SystemExit as refused:
                code = refused.code
        return code, out.getvalue()

    def test_a_failure_gives_its_token_and_exit_code_1(self):
        code, out = self.run_with()
        self.assertEqual(code, 1, out)
        self.assertIn("make explore SCENARIO=wild TOKEN='start>1'", out)
        self.assertRegex(out, r"(?m)^calm +none +0 +6 +12 +50 % +19 +1.2 us +yes$")
        self.assertRegex(out, r"(?m)^wild +all +0 +6\+ .* NO$")

    def test_a_named_result_is_shown_with_its_token(self):
        code, out = self.run_with("--scenario", "calm")
        self.assertEqual(code, 0, out)
        self.assertIn("calm: R1: a stray", out)
        self.assertIn("TOKEN='0:free+6#1>1'", out)

    def test_results_are_kept_as_json_and_junit(self):
        self.run_with()
        kept = json.loads((self.folder / "results" / "result.json").read_text())
        self.assertEqual([one["scenario"] for one in kept], ["calm", "wild"])
        suite = tree.parse(self.folder / "results" / "junit.xml").getroot()[0]
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))
        self.assertEqual(suite[1][0].get("message"), "deadlock")

    def test_a_program_that_ends_badly_is_no_success(self):
        self.answer(CALM)
        code, out = self.run_with()
        self.assertEqual(code, 1)
        self.assertIn("wild: the explorer ended with status 3", out)

    def test_bound_and_seconds_reach_the_program(self):
        self.run_with("--scenario", "calm", "--bound", "3", "--seconds", "9", "--jobs", "2")
        self.assertIn("calm --jobs 2 --bound 3 --seconds 9",
                      (self.folder / "asked").read_text().splitlines())

    def test_mistakes_are_refused_in_a_line(self):
        for more, expected in ((("--bound", "7"), "BOUND='7': expected a number up to 6"),
                               (("--bound", "x"), "BOUND='x'"), (("--jobs", "999"), "JOBS='999'"),
                               (("--token", "start>1"), "TOKEN: expected SCENARIO as well"),
                               (("--scenario", "clam"), "no such scenario; near it: calm")):
            code, out = self.run_with(*more)
            self.assertEqual(code, 2, more)
            self.assertIn(expected, out)


class Plants(unittest.TestCase):
    def test_each_says_what_finds_it(self):
        known = plants.known()
        self.assertGreaterEqual(len(known), 18)
        for plant in known:
            self.assertTrue(plant.scenario and plant.files, plant)

    def test_one_that_no_longer_applies_says_so(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / "99-gone.patch"
            path.write_text("What was here.\n\nscenario: calm\nbound: 1\n\n"
                            "--- a/mm/space/fault.c\n+++ b/mm/space/fault.c\n@@ -1,1 +1,1 @@\n"
                            "-no such line\n+another\n")
            (folder / "explore").touch()
            options = explore.parse(["test", name])
            program, why = plants.build(options, plants.read(path))
        self.assertIsNone(program)
        self.assertIn("no longer applies", why)

    def test_one_that_names_a_file_which_it_does_not_change_says_so(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / "99-elsewhere.patch"
            path.write_text("Nothing.\n\nscenario: calm\nbound: 1\nused in: mm/oom/oom.c mm/space/mm.c\n\n"
                            "--- a/mm/space/mm.h\n+++ b/mm/space/mm.h\n@@ -1 +1 @@\n-/*\n+/* \n")
            (folder / "explore").touch()
            (folder / "mm.o").touch()
            (folder / "mm.d").write_text("mm.o: mm/space/mm.c mm/space/mm.h\n")
            options = explore.parse(["test", name, f"--objects={folder}/mm.o"])
            program, why = plants.build(options, plants.read(path))
        self.assertIsNone(program)
        self.assertIn("used in mm/oom/oom.c: not compiled, or nothing there is changed", why)


if __name__ == "__main__":
    unittest.main()
