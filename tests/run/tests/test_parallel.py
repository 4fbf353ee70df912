"""Tests of whole sweeps by GNU parallel, with a stand-in for the emulator."""
import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from campaign import store
from fake_build import FakeBuild

RUNNER = Path(__file__).resolve().parent.parent / "lowwater.py"
SSH = """#!/bin/sh
while [ "$1" != elsewhere ]; do shift; done
shift 2
cd / && exec sh -c "$*"
"""


class Sweep(FakeBuild):
    def sweep(self, *argv, scenario="spike"):
        return self.lowwater("sweep", "--scenario", scenario, *argv)

    def folder(self, scenario="spike"):
        """Return the folder of the only sweep of a scenario."""
        [folder] = (self.build / "sweep" / scenario / "none").iterdir()
        return folder

    def records(self, scenario="spike"):
        lines = (self.folder(scenario) / "jobs.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def test_every_pair_and_resumed(self):
        code, out, err = self.sweep("--seeds", "1..2", "--scheds", "5,6")
        self.assertEqual(code, 0, out + err)
        self.assertEqual(sorted((one["seed"], one["sched"]) for one in self.records()),
                         [(1, 5), (1, 6), (2, 5), (2, 6)])
        self.assertIn("4 as declared, 0 not", out)
        with mock.patch.object(store.Store, "add", side_effect=AssertionError):
            self.assertEqual(self.sweep("--seeds", "1..2", "--scheds", "5,6")[1], out)
        code, out, err = self.sweep("--seeds", "1..3", "--scheds", "6")
        self.assertIn("3 runs, 1 distinct outcome", out)
        self.assertEqual(len(self.records()), 5)
        self.assertIn("sweep spike none 2/3", err)

    def test_each_request_is_refused_in_a_run_of_its_own(self):
        code, out, err = self.sweep("--fail-nth", "1..2", "--args", "a=1")
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 ended well, 0 not", out)  # what the arm declares is not asked
        self.assertIn("ARGS='a=1 fail_nth=1'\n", out)
        self.assertEqual(sorted(one["fail_nth"] for one in self.records()), [1, 2])
        [kept] = (self.folder() / "runs").iterdir()
        result = json.loads((kept / "spike" / "none" / "result.json").read_text(encoding="utf-8"))
        self.assertEqual(kept.name, "1-0-" + result["args"].split("fail_nth=")[1])
        code, _, err = self.sweep("--fail-nth", "1", scenario="typo")
        self.assertEqual((code, err.count("bad parameter: ")), (2, 1))  # a typo is no refusal
        code, _, err = self.sweep("--fail-nth", "2..1")
        self.assertIn("FAIL_NTH='2..1': expected numbers", err)

    def test_files_of_the_first_of_each_outcome_alone(self):
        code, out, _ = self.sweep("--seeds", "1..3,7", scenario="dice")
        self.assertEqual(code, 1)
        runs = list((self.folder("dice") / "runs").iterdir())
        self.assertEqual(len(runs), 2)
        self.assertEqual({int(path.name.split("-")[0]) % 2 for path in runs}, {0, 1})
        for path in runs:
            self.assertTrue((path / "dice" / "none" / "console.log").is_file())
            self.assertIn(f"{path}/dice/none/\n", out)
        self.assertIn("Kernel panic - not syncing: DMA32 at #, pid #\n", out)
        self.assertIn("1 ended well, 3 not", out)
        self.assertRegex(out, r"(?m)^instructions +1001 +1002 +1007$")
        self.assertEqual((self.folder("dice") / "table.txt").read_text(encoding="utf-8").strip(),
                         out.rsplit("\n", 2)[0].strip())

    def test_another_kernel_or_other_options_start_afresh(self):
        self.sweep("--mem", "64")
        self.sweep("--mem", "65")
        (self.build / "lowwater.elf").write_bytes(b"another ELF")
        self.sweep("--mem", "65")
        folders = list((self.build / "sweep" / "spike" / "none").iterdir())
        self.assertEqual(len(folders), 3)
        elfs = sorted((path / "build" / "lowwater.elf").read_bytes() for path in folders)
        self.assertEqual(elfs, [b"ELF", b"ELF", b"another ELF"])

    def test_the_declared_machine_is_the_jobs_and_part_of_the_key(self):
        _, out, _ = self.sweep(scenario="stuck")
        self.assertIn("make run SCENARIO=stuck PATCH=none MEM=96 CPUS=1 SEED=1 SCHED=0\n", out)
        [found] = (self.folder("stuck") / "runs").glob("*/stuck/none/result.json")
        found = json.loads(found.read_text(encoding="utf-8"))
        self.assertEqual((found["mem_mib"], found["shift"]), (96, 4))
        self.assertIn("watchdog_ms=3000", found["qemu"])
        self.sweep("--mem", "96", "--shift", "4", scenario="stuck")  # the same, said aloud
        self.assertEqual(len(self.records("stuck")), 1)
        said = json.loads((self.folder("stuck") / "options.json").read_text(encoding="utf-8"))
        self.assertEqual((said["mem"], said["shift"]), (96, 4))
        _, out, _ = self.sweep("--shift", "0", scenario="stuck")
        self.assertIn("make run SCENARIO=stuck PATCH=none MEM=96 CPUS=1 SEED=1 SCHED=0 SHIFT=0\n",
                      out)
        self.assertEqual(len(list((self.build / "sweep" / "stuck" / "none").iterdir())), 2)

    def test_mistakes_get_one_line_and_exit_2(self):
        for argv, part in ((("--scenario", ""), "SCENARIO=''"), (("--seeds", "9..1"), "SEEDS="),
                           (("--jobs", "0"), "JOBS='0': expected"),
                           (("--parallel-options", "'"), "PARALLEL_OPTIONS="),
                           (("--parallel-options=--bogus",), "Unknown option: bogus"),
                           (("--scenario", "typo"), "bad parameter: scenario=typo")):
            with self.subTest(argv):
                code, out, err = self.sweep(*argv)
                lines = [line for line in err.splitlines() if not line.startswith("sweep ")]
                self.assertEqual((code, out, len(lines)), (2, "", 1), err)
                self.assertIn(part, lines[0])
        with mock.patch("campaign.sweep.PARALLEL", "no-parallel"):
            self.assertIn("install the package parallel", self.sweep()[2])

    def test_a_refused_run_ends_the_sweep_and_is_no_result(self):
        code, out, err = self.sweep("--seeds", "2..40", "--jobs", "1", scenario="dice")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("lowwater: bad parameter: seed=5\n", err)
        self.assertEqual([one["seed"] for one in self.records("dice")], [2, 3, 4])

    def test_a_torn_line_is_done_again(self):
        self.sweep("--seeds", "1..2")
        jobs = self.folder() / "jobs.jsonl"
        left = self.folder() / "runs" / "2-7"
        left.mkdir()
        jobs.write_bytes(jobs.read_bytes()[:-100] + b"\xc3")
        code, out, err = self.sweep("--seeds", "1..2")
        self.assertEqual((code, len(self.records())), (0, 2), out + err)
        self.assertIn("sweep spike none 1/2", err)
        self.assertFalse(left.exists())

    def test_what_the_host_may_have_ended_is_done_again(self):
        self.sweep(scenario="odd")
        [once] = self.records("odd")
        self.assertEqual(once["outcome"], "crash")
        jobs = self.folder("odd") / "jobs.jsonl"
        jobs.write_text(json.dumps(once | {"wall_seconds": 86400.0}) + "\n", encoding="utf-8")
        self.sweep(scenario="odd")
        [again] = self.records("odd")
        self.assertLess(again["wall_seconds"], 86400.0)
        self.assertEqual(len(list((self.folder("odd") / "runs").iterdir())), 1)

    def test_one_at_a_time_in_a_folder(self):
        self.sweep()
        with open(self.folder() / "lock", "w", encoding="utf-8") as lock:
            store.fcntl.flock(lock, store.fcntl.LOCK_EX)
            code, _, err = self.sweep()
        self.assertEqual((code, err.count("\n")), (2, 1))
        self.assertIn("another sweep is at work", err)

    def test_interrupted_it_leaves_what_is_done(self):
        argv = [sys.executable, str(RUNNER), "sweep", "--scenario", "dice", "--build-dir",
                str(self.build), "--seeds", "2,4,6,8", "--jobs", "1"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=os.environ | {"FAKE_TCG": "0.6"}) as child:
            for line in child.stderr:
                if " 2/4 " in line:
                    break
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=30)
        self.assertEqual((child.returncode, len(self.records("dice"))), (130, 2), out + err)
        self.assertIn("2 runs, 1 distinct outcome", out)
        self.assertIn("interrupted: 2 of 4 runs are done", err)
        self.assertEqual(len(list((self.folder("dice") / "runs").iterdir())), 1)
        code, out, err = self.sweep("--seeds", "2,4,6,8", scenario="dice")
        self.assertEqual(code, 0, out + err)
        self.assertIn("sweep dice none 2/4", err)

    def test_another_machine_by_parallels_own_options(self):
        ssh = self.build / "ssh"
        ssh.write_text(SSH, encoding="utf-8")
        ssh.chmod(0o755)
        code, out, err = self.sweep("--seeds", "1..2", "--parallel-options",
                                    f"--ssh {ssh} --sshlogin 1/elsewhere")
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 as declared", out)


if __name__ == "__main__":
    unittest.main()
