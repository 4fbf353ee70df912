"""Tests of whole runs, with a stand-in for the emulator: commands, exit codes and files."""
import os
import re
import subprocess
import time
import unittest
import xml.etree.ElementTree as tree
from unittest import mock

from machine import facts, qemu
from campaign.progress import Progress
from results import result as data, whole
from fake_build import FakeBuild


class Runs(FakeBuild):
    def test_run_as_expected(self):
        code, out, err = self.lowwater("run")
        self.assertEqual(code, 0, out + err)
        found = self.result("spike")
        self.assertEqual((found["outcome"], found["as_expected"]), ("oom-killed", True))
        self.assertEqual(found["instructions"], {"to_scenario_start": 1000, "total": 2345678})
        self.assertEqual(found["reports"][0]["zones"]["DMA"]["free_by_type"]["E"], 1)
        self.assertEqual(found["reports"][0]["identities"]["violated"], [])
        self.assertIn("spike.apps=2", found["qemu"])
        self.assertEqual(found["accel"], "icount")
        self.assertIn("killed spike/12 score 321", out)
        self.assertIn("run   spike none", err)
        folder = self.build / "results" / "spike" / "none"
        for name in ("console.log", "events.jsonl", "table.txt", "junit.xml"):
            self.assertTrue((folder / name).is_file(), name)

    def test_the_phrase_is_in_the_table_and_in_the_result(self):
        _, out, _ = self.lowwater("run")
        self.assertEqual(self.result("spike")["showed"], "2072 pages of DMA32 kept for (H)")
        self.assertIn("  2072 pages of DMA32 kept for (H)  ", out)
        self.assertIn("-- highatomic ---", out)
        self.assertEqual(self.result("spike")["source"], "highatomic")

    def test_a_traced_run_says_so(self):
        for args, traced in (("trace=on", True), ("trace=off", False), ("", False)):
            _, out, _ = self.lowwater("run", "--args", args)
            self.assertEqual(self.result("spike")["traced"], traced)
            self.assertEqual(out.count("note: traced: "), traced)
            self.assertIsNone(self.result("spike")["build_id"])  # of an ELF that is none

    def test_a_lock_up_as_declared(self):
        code, out, err = self.lowwater("run", "--scenario", "stuck")
        found = self.result("stuck")
        self.assertEqual((code, found["outcome"], found["as_expected"]), (0, "lockup", True), err)
        self.assertEqual(found["showed"], "stuck for 3 s: yes")
        self.assertIn("lockup: LOCKUP: task 7 waits\n", out)
        self.assertEqual(found["virtual_ns"], 16000)

    def test_what_is_not_as_declared_shows_what_was_wrong(self):
        for patch, code, said in (("x", 4, "stuck_ms == 0: does not hold (stuck_ms = 3500)"),
                                  ("y", 0, "no phrase: stuck_s: no counter is named stuck_s and "
                                           "no report was printed"), ("z", 4, None)):
            with self.subTest(patch):
                found, out, _ = self.lowwater("run", "--scenario", "stuck", "--patch", patch)
                self.assertEqual((found, self.result("stuck", patch)["showed"]), (code, said))
                self.assertNotIn("never stuck", out)

    def test_a_check_knows_the_victims_by_name(self):
        timeline = [{"what": "killed", "comm": "hog"}, {"what": "reaped", "comm": "x"},
                    {"what": "exited", "comm": "hog"}, {"what": "killed", "comm": "other"},
                    {"what": "killed"}]
        self.assertEqual(data.victims(timeline), "hog other ?")
        self.assertEqual(data.victims([]), "")

    def test_samples_and_timeline(self):
        self.lowwater("run", "--scenario", "stuck")
        found = self.result("stuck")
        self.assertEqual(found["samples"], {
            "victim_rss": [{"ns": 110, "value": 4000, "pid": 7}, {"ns": 140, "value": 0, "pid": 7}],
            "free": [{"ns": 150, "value": 12, "pid": 7}]})
        self.assertEqual(found["timeline"], [
            {"what": "killed", "pid": 7, "ns": 100, "score": 9},
            {"what": "reaped", "pid": 7, "ns": 160}])
        self.assertEqual([note.split(" is not")[0] for note in found["notes"]],
                         [f"events line {number}" for number in (3, 4, 5, 6)])

    def machine(self, *argv, patch="none", command="run"):
        """Run stuck; return memory and shift in the result, and QEMU's words for them."""
        self.lowwater(command, "--scenario", "stuck", "--patch", patch, *argv)
        found = self.result("stuck", patch)
        qemu = found["qemu"]
        return (found["mem_mib"], found["shift"],
                re.search(r" -m (\d+) .* icount=(\d+) (.*)'", qemu).groups(),
                re.search(r"shift=(\d+),sleep=off", qemu)[1])

    def test_the_scenarios_own_machine(self):
        apps = "watchdog_ms=3000 stuck.apps="
        self.assertEqual(self.machine(), (96, 4, ("96", "4", apps + "1"), "4"))
        self.assertEqual(self.machine(patch="x"), (96, 4, ("96", "4", apps + "2"), "4"))
        self.assertEqual(self.machine(patch="no-arm"), (96, 4, ("96", "4", apps + "1"), "4"))

    def test_the_users_own_wins(self):
        self.assertEqual(self.machine("--mem", "64", "--shift", "0")[:2], (64, 0))
        self.assertEqual(self.machine("--mem", "64")[:2], (64, 4))
        self.assertEqual(self.machine("--args", "stuck.apps=5 hz=100", patch="x")[2][2],
                         "watchdog_ms=3000 stuck.apps=5 hz=100")

    def test_a_fast_run_has_no_shift(self):
        with mock.patch.dict(os.environ, LOWWATER_ACCEL="tcg"):
            self.lowwater("run", "--scenario", "stuck", "--mode", "fast")
        found = self.result("stuck")
        self.assertEqual((found["mem_mib"], found["shift"]), (96, None))
        self.assertNotIn("icount", found["qemu"])

    def test_an_explicit_machine_is_that_of_every_arm(self):
        for argv, expected in (((), (2048, 0)), (("--mem", "77", "--shift", "3"), (77, 3))):
            self.lowwater("all", *argv)
            for arm in ("none", "a+b"):
                found = self.result("spike", arm)
                self.assertEqual((found["mem_mib"], found["shift"]), expected)

    def test_make_leaves_to_the_scenario_what_its_user_does_not_set(self):
        def said(*words):
            done = subprocess.run(["make", "-n", "-s", "run", "SCENARIO=info", *words], text=True,
                                  capture_output=True, check=True, env=clean)
            return done.stdout

        clean = {name: value for name, value in os.environ.items()
                 if name not in ("MEM", "SHIFT", "MAKEFLAGS", "MAKELEVEL")}
        self.assertIn(" --mem='' --shift='' ", said())
        self.assertIn(" --mem='64' --shift='4' ", said("MEM=64", "SHIFT=4"))

    def test_patch_without_an_arm_is_not_judged(self):
        code, _, _ = self.lowwater("run", "--patch", "c")
        self.assertEqual((code, self.result("spike", "c")["as_expected"]), (0, None))

    def test_exit_codes(self):
        for scenario, code, part in (("typo", 2, "bad parameter: scenario=typo"),
                                     ("panic", 3, "Kernel panic"), ("lockup", 4, "LOCKUP"),
                                     ("odd", 6, "crash")):
            found, out, _ = self.lowwater("run", "--scenario", scenario)
            self.assertEqual(found, code, out)
            self.assertIn(part, out)

    def hang(self):
        """Run into a time limit that comes when the emulator has said its last; return the result,
        which is the same whatever GDB does."""
        self.lowwater("list")
        with mock.patch.object(qemu, "wait", self.until_it_hangs):
            code, out, _ = self.lowwater("run", "--scenario", "hang")
        found = self.result("hang")
        self.assertEqual((code, found["outcome"]), (5, "timeout"))
        self.assertNotIn("gdb", found["qemu"])
        self.assertEqual(found["message"], "the last line")
        self.assertIn("the last line", out)
        return found

    def until_it_hangs(self, child, _start, _timeout, _tick):
        while not any(path.stat().st_size for path in self.build.rglob("console.log")):
            self.assertIsNone(child.poll())
            time.sleep(0.01)

    def test_timeout_ends_the_emulator(self):
        code, _, _ = self.lowwater("run", "--scenario", "hang", "--timeout", "0.1")
        self.assertEqual((code, self.result("hang")["outcome"]), (5, "timeout"))

    def test_timeout_and_gdb_has_no_kernel_to_read(self):
        found = self.hang()
        self.assertRegex(found["notes"][0], "timeout.txt names no CPU: gdb said: .*No such file")

    def test_timeout_without_gdb(self):
        with mock.patch.object(facts, "GDB", "/nonexistent/gdb"):
            found = self.hang()
        self.assertRegex(found["notes"][0], "no timeout.txt: .* cannot start")
        self.assertFalse((self.build / "results" / "hang" / "none" / "timeout.txt").exists())

    def test_timeout_and_gdb_hangs(self):
        gdb = self.build / "gdb"
        gdb.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
        gdb.chmod(0o755)
        with mock.patch.multiple(facts, GDB=str(gdb), SECONDS=0.3):
            found = self.hang()
        self.assertRegex(found["notes"][0], "timeout.txt is not complete: .* ended after 0.3 s")

    def folders(self):
        return sorted(path.name for path in (self.build / "results" / "spike").iterdir())

    def test_runs_that_differ_have_folders_of_their_own(self):
        for options in ((), ("--mem", "2048"), ("--mem", "64", "--cpus", "2"), ("--seed", "7"),
                        ("--args", "spike.apps=3 trace=on"), ("--args", "a=../x", "--boot", "kernel"),
                        ("--timeout", "20")):
            self.assertEqual(self.lowwater("run", *options)[0], 0)
        self.assertEqual(self.folders(), ["none", "none@a=.._x", "none@mem=64@cpus=2", "none@seed=7",
                                          "none@spike.apps=3@trace=on"])
        long = [self.lowwater("run", "--args", f"a={'x' * 300}{end}")[0] for end in "12"]
        self.assertEqual((long, len(self.folders())), ([0, 0], 7))

    def test_the_end_of_all_says_where_the_results_are(self):
        results = self.build / "results"
        for options, folder in (((), results), (("--mem", "77"), results / "@mem=77")):
            _, out, _ = self.lowwater("all", *options)
            self.assertIn(f"\nresults: {folder}/table.txt and junit.xml; of each run: {results}/SCENARIO/ARM/\n", out)
            self.assertTrue((folder / "junit.xml").is_file())

    def test_one_run_of_an_arm_at_a_time(self):
        place = self.build / "results" / "spike" / "none"
        others = []

        def meanwhile(seconds):
            others.append(seconds)
            if len(others) == 2:
                lock.__exit__()

        lock = whole.Lock(place).__enter__()
        self.assertTrue(lock.got())
        with mock.patch.object(Progress, "tick", lambda _, spent: meanwhile(spent)):
            code, _, err = self.lowwater("run")
        self.assertEqual((code, len(others) >= 2), (0, True))
        self.assertIn(f"wait  {place}: another run of this arm is at work\n", err)
        self.assertEqual(self.folders(), ["none"])

    def test_one_core_of_an_arm_at_a_time(self):
        with whole.emptied(self.build / "results" / "spike" / "none@core-end"):
            code, out, err = self.lowwater("core", "--at", "end")
        self.assertEqual((code, out, err.count("\n")), (2, "", 1))
        self.assertIn("none@core-end: another one is at work there; expected one at a time", err)

    def test_facts_of_an_earlier_run_go(self):
        left = self.build / "results" / "spike" / "none" / "timeout.txt"
        left.parent.mkdir(parents=True)
        left.touch()
        _, out, _ = self.lowwater("run")
        self.assertFalse(left.exists())
        self.assertNotIn("timeout.txt", out)

    def test_all(self):
        code, out, err = self.lowwater("all")
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 arms, 2 as declared, 0 not", out)
        results = self.build / "results"
        self.assertTrue((results / "spike" / "a+b" / "result.json").is_file())
        self.assertFalse((results / "boottest").exists())
        self.assertEqual(len(tree.parse(results / "junit.xml").findall(".//testcase")), 2)
        self.assertIn("oom-killed", (results / "table.txt").read_text(encoding="utf-8"))

    def test_list_is_cached_until_the_kernel_changes(self):
        code, first, _ = self.lowwater("list")
        self.assertEqual(code, 0)
        self.assertIn("spike (study, highatomic): many apps, one peak", first)
        with mock.patch.dict(os.environ, LOWWATER_QEMU="/nonexistent/qemu"):
            self.assertEqual(self.lowwater("list")[:2], (0, first))
            (self.build / "lowwater.elf").write_bytes(b"another ELF")
            code, _, err = self.lowwater("list")
        self.assertEqual(code, 2)
        self.assertIn("/nonexistent/qemu: cannot start", err)

    def test_mistakes_get_one_line_and_exit_2(self):
        for argv, part in ((("run", "--cpus", "9"), "from 1 to 8"),
                           (("run", "--shift", "11"), "SHIFT='11': expected a whole number from "
                                                      "0 to 10"),
                           (("all", "--shift", "4", "--mode", "fast"), "SHIFT='4': expected none"),
                           (("run", "--bogus", "1"), "--bogus"), (("jump",), "jump"),
                           (("run", "--build", "debug"), "`make`")):
            code, _, err = self.lowwater(*argv)
            self.assertEqual((code, err.count("\n")), (2, 1), err)
            self.assertIn(part, err)


if __name__ == "__main__":
    unittest.main()
