"""Tests of runs side by side: order, progress, interruption; with a stand-in for the emulator."""
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from campaign import fleet, progress
from options import make_spec
from fake_build import FakeBuild

RUNNER = Path(__file__).resolve().parent.parent / "lowwater.py"
SECONDS = 30  # for what a test waits for, before it is given up


class All(FakeBuild):
    """The fake kernel's study: spike none and spike a,b."""

    def ended(self):
        """Return the names of the arms in the order in which their runs ended."""
        code, out, err = self.lowwater("all", "--jobs", "1")
        self.assertEqual(code, 0, out + err)
        return re.findall(r"done  spike (\S+): ", err)

    def remember(self, arm, **changes):
        path = self.build / "results" / "spike" / arm / "result.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(found | changes), encoding="utf-8")

    def test_the_longest_of_the_last_time_is_first(self):
        self.ended()
        for seconds, order in (((9.5, 1), ["none", "a+b"]), ((1, 9.5), ["a+b", "none"])):
            for arm, last in zip(("none", "a+b"), seconds):
                self.remember(arm, wall_seconds=last)
            self.assertEqual(self.ended(), order)

    def test_what_another_machine_took_and_damaged_results_say_nothing(self):
        spec = self.settled()
        usual = fleet.guess(spec, None)
        self.assertEqual(fleet.expected(spec, None), usual)
        self.ended()
        self.assertNotEqual(fleet.expected(spec, None), usual)
        self.remember("none", mem_mib=77)
        self.assertEqual(fleet.expected(spec, None), usual)
        for text in ("", "[]", '{"wall_seconds": "long"}'):
            (spec.folder / "result.json").write_text(text, encoding="utf-8")
            self.assertEqual(fleet.expected(spec, None), usual)

    def settled(self):
        raw = {"scenario": "spike", "patch": "none", "mem": "2048", "shift": "0", "cpus": "1",
               "seed": "1", "sched": "0", "mode": "exact", "args": "", "devices": "", "boot": "kernel",
               "build": "release", "timeout": "9", "results": "", "build_dir": str(self.build)}
        return make_spec(raw)

    def test_the_table_has_the_order_of_the_study_whoever_ends_first(self):
        shown = [re.sub(r" [\d.]+$", "", self.lowwater("all", "--jobs", jobs)[1], flags=re.M)
                 for jobs in ("1", "2")]
        self.assertEqual(*shown)

    def test_side_by_side(self):
        self.lowwater("list")
        meet = self.build / "meet"
        meet.mkdir()
        with mock.patch.dict(os.environ, FAKE_MEET=str(meet)):  # each waits for the other
            code, out, err = self.lowwater("all", "--jobs", "2", "--timeout", str(SECONDS))
        self.assertEqual(code, 0, out + err)

    def test_bad_jobs(self):
        for text in ("0", "many", "1025"):
            code, out, err = self.lowwater("all", "--jobs", text)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1))
            self.assertIn(f"JOBS='{text}': expected a whole number from 1 to 1024", err)

    def test_one_that_cannot_be_run_ends_all(self):
        self.lowwater("list")
        with mock.patch.dict(os.environ, LOWWATER_QEMU="/nonexistent/qemu"):
            code, out, err = self.lowwater("all")
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(err.count("cannot start the emulator"), 1)


class WhileStarting(unittest.TestCase):
    def test_an_interrupt_between_two_starts_ends_those_that_run(self):
        started, ended = threading.Event(), threading.Event()

        def emulate(_spec, _arm, progress):
            member, deadline = progress("a", None), time.monotonic() + SECONDS
            started.set()
            try:
                while time.monotonic() < deadline:
                    member.tick(0.0)
                    time.sleep(0.01)
            except fleet.Stopped:
                ended.set()
                raise

        submit = fleet.futures.ThreadPoolExecutor.submit

        def first_alone(pool, *args):
            if started.is_set():
                raise KeyboardInterrupt
            task = submit(pool, *args)
            started.wait(SECONDS)
            return task

        with mock.patch.object(fleet.futures.ThreadPoolExecutor, "submit", first_alone), \
                mock.patch.object(fleet.runner, "run", emulate), \
                mock.patch.object(fleet, "expected", lambda *_: 1.0), \
                self.assertRaises(KeyboardInterrupt):
            fleet.run([("a", None), ("b", None)], 2, io.StringIO())
        self.assertTrue(ended.wait(1.0))


class Interrupted(FakeBuild):
    """Ended from outside, a run leaves no emulator and what was there before."""

    def interrupted(self, number, *argv):
        """Start a command, end it once both emulators are at work; return (code, stderr)."""
        self.lowwater("list")
        self.lowwater("run")
        self.before = self.files()
        with subprocess.Popen([sys.executable, str(RUNNER), *argv, "--build-dir",
                               str(self.build)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=os.environ | {"FAKE_TCG": "600"}) as child:
            wanted = 2 if argv[0] == "all" else 1
            try:
                self.wait_for(lambda: len(self.emulators()) == wanted)
                child.send_signal(number)
                out, err = child.communicate(timeout=SECONDS)
            finally:
                child.kill()
        self.assertEqual(out, "")
        return child.returncode, err

    def wait_for(self, condition):
        deadline = time.monotonic() + SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def emulators(self):
        """Return the processes that have this test's build folder in their command lines."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if "-icount" in words and str(self.build) in words:
                found.append(path)
        return found

    def files(self):
        results = self.build / "results"
        return {path.relative_to(results): path.read_bytes() for path in results.rglob("*")
                if path.is_file()}

    def test_nothing_is_left(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for argv in (("all", "--jobs", "2"), ("run",)):
                with self.subTest(number=number, argv=argv):
                    found, err = self.interrupted(number, *argv)
                    self.assertEqual(found, code, err)
                    self.assertNotIn("Traceback", err)
                    self.assertEqual(self.emulators(), [])
                    self.assertEqual(self.files(), self.before)
                    self.assertEqual(list(self.build.rglob(".new*")), [])


class Whole(FakeBuild):
    def test_a_folder_holds_one_run(self):
        folder = self.build / "results" / "spike" / "none"
        folder.mkdir(parents=True)
        (folder / "core-oom.elf").touch()
        self.lowwater("run")
        self.assertEqual(sorted(path.name for path in folder.iterdir()),
                         ["console.log", "events.jsonl", "junit.xml", "qemu.log", "result.json",
                          "table.txt"])
        self.assertEqual(list(folder.parent.iterdir()), [folder])

    def test_the_command_line_names_the_files_that_stay(self):
        self.lowwater("run")
        self.assertIn(f"{self.build}/results/spike/none/console.log",
                      self.result("spike")["qemu"])

    def test_runs_of_one_arm_at_once_are_never_mixed(self):
        with fleet.futures.ThreadPoolExecutor(2) as pool:
            argv = [sys.executable, str(RUNNER), "run", "--build-dir", str(self.build)]
            list(pool.map(lambda seed: subprocess.run([*argv, "--seed", str(seed)], check=True,
                                                      capture_output=True), range(4)))
        found = self.result("spike")
        log = (self.build / "results" / "spike" / "none" / "console.log").read_bytes()
        self.assertIn(f"seed={found['seed']} ", found["qemu"])
        self.assertEqual(fleet.runner.result.hashlib.sha256(log).hexdigest(),
                         found["console_sha256"])

    def test_a_place_that_is_no_folder_is_one_line(self):
        (self.build / "results").touch()
        code, out, err = self.lowwater("run")
        self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
        self.assertIn(f"{self.build}/results/spike", err)


class Progress(unittest.TestCase):
    def fleet(self, live):
        stream = io.StringIO()
        stream.isatty = lambda: live
        return progress.Fleet([8, 4, 2, 2], 2, stream), stream

    def test_lines_elsewhere_than_on_a_terminal(self):
        shown, stream = self.fleet(False)
        rows = [shown.start(at, f"spike {at}") for at in range(2)]
        shown.show()
        rows[1].finish("completed", 4.04)
        rows[0].finish("oom-killed", 9)
        shown.close()
        self.assertEqual(stream.getvalue(), "done  spike 1: completed in 4.0 s (1 of 4)\n"
                                            "done  spike 0: oom-killed in 9.0 s (2 of 4)\n")

    def test_live_line_on_a_terminal(self):
        shown, stream = self.fleet(True)
        first, second = (shown.start(at, f"spike {at}") for at in range(2))
        self.assertEqual(shown.text(), "0/4 arms  0:08 left  spike 0 0 s  spike 1 0 s")
        second.finish("completed", 2.0)  # twice as fast as expected
        first.spent = 3.0
        shown.show()
        self.assertIn("\r1/4 arms  0:01 left  spike 0 3 s", stream.getvalue())
        shown.close()
        self.assertNotIn("\n", stream.getvalue())
        self.assertTrue(stream.getvalue().endswith(" \r"))


if __name__ == "__main__":
    unittest.main()
