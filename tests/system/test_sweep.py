"""Sweeps of the real kernel: the same logs as single runs, panics told apart by what they say.

From the repository's root, with the kernel built. LOWWATER_BUILD_DIR names another build folder.
"""
import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path

import system
import lowwater

BUILD = Path(os.environ.get("LOWWATER_BUILD_DIR", "build")).resolve()


class Sweep(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        build = self.place / "build"
        build.mkdir()
        for name in ("lowwater.elf", "scenarios.json"):
            if (BUILD / name).exists():
                (build / name).symlink_to(BUILD / name)

    def lowwater(self, *argv):
        """Run a command in the place of this test; return (exit code, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.place), contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err):
            code = lowwater.main(argv)
        return code, out.getvalue(), err.getvalue()

    def records(self):
        [jobs] = self.place.glob("build/sweep/*/*/*/jobs.jsonl")
        return [json.loads(line) for line in jobs.read_text(encoding="utf-8").splitlines()]

    def test_a_jobs_log_is_that_of_the_command_which_reproduces_it(self):
        options = ("--scenario", "threadtest", "--mem", "64", "--shift", "4", "--cpus", "2")
        self.lowwater("sweep", *options, "--seeds", "1", "--scheds", "3,4")
        self.assertEqual(len(self.records()), 2)
        for one in self.records():
            self.lowwater("run", *options, "--seed", str(one["seed"]), "--sched",
                          str(one["sched"]))
            found = system.newest(self.place / "build/results/threadtest") / "result.json"
            found = json.loads(found.read_text())
            self.assertEqual(found["console_sha256"], one["console_sha256"])
            self.assertEqual(found["instructions"]["total"], one["instructions"])

    def test_jobs_run_on_the_declared_machine(self):
        code, out, err = self.lowwater("sweep", "--scenario", "stall", "--seeds", "1..2")
        self.assertEqual(code, 0, out + err)
        self.assertEqual({one["outcome"] for one in self.records()}, {"lockup"})
        self.assertIn("make run SCENARIO=stall PATCH=none MEM=96 CPUS=1 SEED=1 SCHED=0\n", out)
        self.lowwater("run", "--scenario", "stall", "--mem", "96")
        found = json.loads((system.newest(self.place / "build/results/stall") / "result.json").read_text())
        [same] = [one for one in self.records() if one["seed"] == 1]  # they end in any order
        self.assertEqual(found["console_sha256"], same["console_sha256"])

    def test_only_what_is_missing_is_run(self):
        options = ("sweep", "--scenario", "info", "--mem", "64", "--seeds")
        code, out, err = self.lowwater(*options, "1..2")
        self.assertEqual(code, 0, out + err)
        code, out, err = self.lowwater(*options, "2..3")
        self.assertEqual((code, len(self.records())), (0, 3), out + err)
        self.assertIn("2 runs, 1 distinct outcome, 2 distinct logs, 2 as declared, 0 not", out)
        self.assertIn("sweep info none 1/2", err)

    def test_panics_with_other_numbers_are_one(self):
        code, out, _ = self.lowwater("sweep", "--scenario", "crash", "--mem", "64", "--args",
                                     "crash.kind=1", "--seeds", "1..2")
        self.assertEqual(code, 1)
        self.assertIn("2 runs, 1 distinct outcome", out)
        self.assertRegex(out, r"(?m)^ +2 +100.0%  panic ")
        self.assertRegex(out, r"Kernel panic - not syncing: .*at #")
        self.assertIn("SCENARIO=crash", out)


if __name__ == "__main__":
    unittest.main()
