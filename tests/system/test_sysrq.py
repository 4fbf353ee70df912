"""SysRq keys on the real kernel: from the serial console in real time, at stated virtual times, from
apps, and through `console` on a terminal."""
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

import system
from system import STATUS, boot

SECONDS = 60  # for an answer, before the test is given up
RUNNER = [sys.executable, "tests/run/lowwater.py"]
SYSRQ = r"\[ *(\d+\.\d+)\] sysrq: SysRq : "


class Wire:
    """A guest's console at the other end of a file descriptor: what it said, what it is told."""

    def __init__(self, handle):
        self.handle = handle
        self.text = ""
        self.seen = 0  # of the text, by earlier calls of until()

    def press(self, keys):
        """False when nobody is there any more."""
        try:
            return os.write(self.handle, keys.encode()) > 0
        except OSError:
            return False

    def until(self, pattern):
        """Return the match of a pattern behind all earlier ones."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.compile(pattern).search(self.text, self.seen)):
            if time.monotonic() > deadline or not self.listen():
                raise AssertionError(f"{pattern!r} never came; last: {self.text[-1500:]}")
        self.seen = found.end()
        return found

    def listen(self, seconds=1):
        """Read what has come; False at the end."""
        if not select.select([self.handle], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.handle, 65536)
        except OSError:  # a terminal whose other side is closed
            return False
        self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


    def quiet(self, seconds=0.3):
        """Read until nothing has come for a while; False at the end.

        Who presses without reading makes the guest wait to send, and then nobody reads the keys.
        """
        while select.select([self.handle], [], [], seconds)[0]:
            if not self.listen():
                return False
        return True


class Guest(Wire):
    """A kernel in real time whose serial port is a socket of ours: `with Guest(...) as guest`."""

    def __init__(self, **options):
        self.options = {"scenario": "keys", "mode": "fast"} | options
        self.socket, self.far = socket.socketpair()
        super().__init__(self.socket.fileno())

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory()
        self.monitor, monitor = socket.socketpair()
        far, asked = self.far.fileno(), monitor.fileno()
        argv = system.argv_for(Path(self.place.name), serial=[
            "-chardev", f"socket,id=keys,fd={far}", "-serial", "chardev:keys"], **self.options)
        argv += ["-chardev", f"socket,id=monitor,fd={asked}", "-mon", "chardev=monitor"]
        with self.far, monitor:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=(far, asked),
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def command(self, words):
        """Tell QEMU's own monitor."""
        self.monitor.sendall(words.encode() + b"\n")

    def __exit__(self, *_):
        self.socket.close()
        self.monitor.close()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.place.cleanup()

    def end(self):
        """Wait for the run's end and return it."""
        deadline = time.monotonic() + SECONDS
        while self.listen() and time.monotonic() < deadline:
            pass
        status = self.child.wait(SECONDS)
        events = system.read(Path(self.place.name) / "events.jsonl")
        return system.Boot(status, self.text, system.parse(events), events)


class OnTheConsole(unittest.TestCase):
    REPORTS = 10  # of each kind

    def test_each_key_is_answered_and_f_kills(self):
        for cpus in ("1", "4"):
            with self.subTest(cpus=cpus), Guest(cpus=cpus) as guest:
                guest.until("1 apps wait")
                guest.press("h")
                guest.until(r"sysrq: HELP : Help\(h\) .*Show Memory\(m\) "
                            r".*Manual OOM execution\(f\)\n")
                guest.press("t")
                guest.until(SYSRQ + r"Show State\n.*Tasks:\n")
                guest.until(" pid 1 keys: ")
                guest.until(r" pid \d+ app1: (?:killable sleep on futex|runnable|running)\n")
                guest.press("d")
                guest.until(SYSRQ + r"Show Locks Held\n.*Locks held:\n")
                guest.press("m")
                guest.until(SYSRQ + r"Show Memory\n.*Mem-Info:\n")
                guest.until(r"DMA32 free:\d+kB min:")
                guest.until("pages hwpoisoned\n")
                guest.press("?")
                guest.until("sysrq: HELP : ")
                self.assertNotIn("Killed process", guest.text)
                guest.press("f")
                guest.until(SYSRQ + "Manual OOM execution\n")
                guest.until(r"Killed process \d+ \(app1\)")
                run = guest.end()
                self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
                self.assertEqual(run.counter("oom_kills"), 1)

    def test_three_apps_die_one_after_the_other(self):
        with Guest(args="keys.apps=3", cpus="2") as guest:
            guest.until("3 apps wait")
            guest.press("fff")
            for _ in range(3):
                guest.until(SYSRQ + "Manual OOM execution")
            while guest.quiet() and guest.press("f"):
                pass  # an earlier one may have met a victim that was still on its way out
            run = guest.end()
            self.assertEqual((run.status, run.counter("oom_kills")), (STATUS["finished"], 3))

    def test_more_keys_than_the_uart_holds(self):
        with Guest() as guest:
            guest.until("1 apps wait")
            guest.press("h" * 500)
            for _ in range(500):
                guest.until("sysrq: HELP : ")
            guest.press("f")
            self.assertEqual(guest.end().console.count("sysrq: HELP : "), 500)

    def test_a_machine_that_is_stuck_answers(self):
        """Real-time tasks that never sleep, interrupts on: nobody else has a turn."""
        for cpus in ("1", "2"):
            with self.subTest(cpus=cpus), Guest(scenario="crash", cpus=cpus,
                                                args="crash.kind=17 watchdog_ms=0") as guest:
                guest.until("crash.kind=17 of")
                hogs = r"(.* pid \d+ hog: running\n){%s}" % cpus
                while not re.search(hogs, guest.text):
                    guest.press("t")
                    guest.until(SYSRQ + "Show State\n")
                    guest.until(" pid 2 scenario: .*\n")
                    guest.listen(0.1)
                guest.press("f")
                guest.until("Manual OOM execution")
                guest.press("t")
                guest.until(r"pid 3000[12] kworker/u:\d: runnable on work\n")
                self.assertIsNone(guest.child.poll())

    def test_keys_disturb_nothing(self):
        """Reports of everything, one upon the other, while all CPUs are busy."""
        for scenario, build in (("apptest", "debug"), ("spike", "release")):
            with self.subTest(scenario=scenario, build=build), Guest(
                    scenario=scenario, build=build, cpus="4", mem="128") as guest:
                guest.until("scenario " + scenario)
                for _ in range(self.REPORTS):
                    if "all pages returned" in guest.text or not guest.press("tdm"):
                        break
                    answers = guest.text.count("Show Memory")
                    while guest.text.count("Show Memory") == answers and guest.listen():
                        pass
                run = guest.end()
                self.assertEqual(run.status, STATUS["finished"], run.console[-3000:])
                self.assertGreater(run.console.count("Show Memory"), 1)


class OnThePowerButton(unittest.TestCase):
    def test_each_press_is_a_line_and_the_run_goes_on(self):
        for cpus in ("1", "2"):
            with self.subTest(cpus=cpus), Guest(cpus=cpus) as guest:
                guest.until("1 apps wait")
                for _ in range(2):
                    guest.command("system_powerdown")
                    guest.until(r"ACPI: power button pressed: the run goes on; .*\n")
                guest.press("f")
                guest.until(r"Killed process \d+ \(app1\)")
                self.assertEqual(guest.end().status, STATUS["finished"])


class AtStatedTimes(unittest.TestCase):
    def test_a_kill_at_its_time_and_the_same_log_every_time(self):
        for cpus in ("1", "4"):
            with self.subTest(cpus=cpus):
                options = {"scenario": "keys", "cpus": cpus, "args": "sysrq=f@300 keys.seconds=1"}
                first, second = system.repeated(**options)
                self.assertEqual(first.console, second.console)
                self.assertEqual(first.events, second.events)
                self.assertEqual((first.status, first.counter("oom_kills")),
                                 (STATUS["finished"], 1))
                [pressed] = re.findall(SYSRQ + "Manual OOM execution", first.console)
                [killed] = re.findall(r"\[ *(\d+\.\d+)\] Killed process", first.console)
                for stamp in (pressed, killed):
                    self.assertTrue(0.3 <= float(stamp) < 0.31, stamp)

    def test_in_any_order_and_not_before(self):
        run = boot(scenario="keys", args="sysrq=t@107,m@1,d@50,f@200,t@107 hz=1000 keys.seconds=1")
        found = re.findall(SYSRQ + "(.*)", run.console)
        self.assertEqual([name for _, name in found],
                         ["Show Memory", "Show Locks Held", "Show State", "Show State",
                          "Manual OOM execution"])
        for (stamp, _), ms in zip(found, (1, 50, 107, 107, 200)):
            self.assertTrue(ms <= float(stamp) * 1000 < ms + 2, (stamp, ms))

    def test_bad_values(self):
        """What else is none is the host's test_sysrq_plan; which keys there are, the kernel's own."""
        expected = "KEY@MS[,KEY@MS...], at most 8, each MS from 1 to 86400000"
        for text in ("", "f@0", ",".join(f"f@{ms}" for ms in range(1, 10))):
            with self.subTest(text=text):
                self.check_refused(text, f"sysrq={text}; expected {expected}")
        self.check_refused("f@10,q@20", "sysrq=q@20; expected one of these keys: Help(h) ")

    def check_refused(self, text, message):
        run = boot(args=f"sysrq={text}")
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn("bad parameter: " + message, run.error_line())
        self.assertEqual(run.console.count("lowwater: "), 1)

    def test_who_spins_on_what_before_the_watchdog_says_so(self):
        run = boot(scenario="crash", cpus="2", shift="4", args="crash.kind=16 watchdog_ms=100 "
                                                               "sysrq=t@60,d@80")
        self.assertEqual(run.status, STATUS["lockup"])
        before = run.console.split("LOCKUP: ")[0]
        self.assertRegex(before, SYSRQ + r"Show State\n.*Tasks:\n(.*\n)*.* pid 3 holder: running")
        self.assertRegex(before, SYSRQ + r"Show Locks Held\n.*Locks held:\n"
                                         r".*a spinlock of this test: CPU 0 spins\n"
                                         r".*a spinlock of this test: held by pid 3 \(holder\)")

    def test_a_key_that_came_too_late_is_a_note(self):
        run = boot(scenario="keys", args="sysrq=m@10,t@9000,d@8000 keys.seconds=1")
        self.assertEqual([one["text"] for one in run.events if one["event"] == "note"],
                         ["sysrq=t@9000 was not pressed: the run ended before",
                          "sysrq=d@8000 was not pressed: the run ended before"])
        self.assertIn("note: sysrq=f@9000 was not pressed",
                      system.study("info", "none", "--mem", "64", "--args", "sysrq=f@9000").shown)

    def test_no_request_for_a_kill_is_lost(self):
        run = boot(scenario="keys", args="keys.apps=3 keys.seconds=1 sysrq=f@300,f@300,f@300")
        self.assertEqual((run.status, run.counter("oom_kills")), (STATUS["finished"], 3))


class FromAnApp(unittest.TestCase):
    def test_each_press_is_a_kill(self):
        for cpus in ("1", "3"):
            run = boot(scenario="keys", cpus=cpus, args="keys.apps=3 keys.press=3 keys.seconds=5")
            self.assertEqual((run.status, run.counter("oom_kills")), (STATUS["finished"], 3))
            self.assertEqual(run.counter("apps_left"), 0)

    def test_apps_are_root_unless_they_say_otherwise(self):
        """app2 is the larger by 2.5 %; 3 % are taken off what root has (reference 7.5)."""
        for users, dies in ((0, "app2"), (1, "app1"), (2, "app2")):
            run = boot(scenario="keys", mem="128",
                       args=f"keys.apps=2 keys.mib=40 keys.press=1 keys.users={users} keys.seconds=5")
            [killed] = re.findall(r"Killed process \d+ \((\w+)\)", run.console)
            self.assertEqual(killed, dies)

    def test_nobody_presses(self):
        run = boot(scenario="keys", args="keys.apps=2 keys.seconds=1")
        self.assertEqual((run.status, run.counter("oom_kills")), (STATUS["finished"], 0))
        self.assertEqual(run.counter("apps_left"), 2)


class OnATerminal(unittest.TestCase):
    """`console`, as a person has it."""

    def run_console(self, *options):
        """Return (wire, process, our side) of a console on a terminal of its own."""
        ours, its = pty.openpty()
        self.addCleanup(os.close, ours)
        self.before = termios.tcgetattr(ours)
        with tempfile.TemporaryDirectory() as results, os.fdopen(its, "r+b", buffering=0) as side:
            with subprocess.Popen([*RUNNER, "console", "--scenario", "keys", "--mem", "64",
                                   "--results", results, *options], stdin=side, stdout=side,
                                  stderr=side, start_new_session=True) as child:
                try:
                    yield Wire(ours), child
                    self.log = system.read(*Path(results, "keys").glob("none*@console/keys.log"))
                finally:
                    if child.poll() is None:
                        child.terminate()
            self.after = termios.tcgetattr(ours)

    def test_keys_and_the_way_out(self):
        for wire, child in self.run_console():
            wire.until("Ctrl-A x leaves")
            wire.until("1 apps wait")
            self.assertNotEqual(termios.tcgetattr(wire.handle), self.before)
            wire.press("h")
            wire.until(r"sysrq: HELP : .*\n")
            wire.press("\x01x")
            while wire.listen() and child.poll() is None:
                pass
            self.assertEqual(child.wait(SECONDS), 0)
        self.assertIn("sysrq: HELP : ", self.log)
        self.assertEqual(self.after, self.before)

    def test_a_kill_ends_it(self):
        for wire, child in self.run_console("--cpus", "2"):
            wire.until("1 apps wait")
            wire.press("f")
            wire.until("scenario keys finished: 1 kills")
            self.assertEqual(child.wait(SECONDS), 0)

    def test_ended_from_outside_it_leaves_the_terminal_as_it_was(self):
        for wire, child in self.run_console():
            wire.until("1 apps wait")
            child.terminate()
            self.assertEqual(child.wait(SECONDS), 143)
        self.assertEqual(self.after, self.before)

    def test_a_bad_parameter_is_told(self):
        for wire, child in self.run_console("--args", "sysrq=f"):
            wire.until("bad parameter: sysrq=f; expected KEY@MS")
            self.assertEqual(child.wait(SECONDS), 2)

    def test_make_runs_it_in_real_time_unless_told_otherwise(self):
        plain = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
        for words, mode in ((["console"], "fast"), (["console", "MODE=exact"], "exact"),
                            (["run", "SCENARIO=keys"], "exact")):
            said = subprocess.run(["make", "-n", *words], capture_output=True, text=True,
                                  env=plain, check=True, timeout=SECONDS).stdout
            self.assertIn(f"--mode='{mode}' ", said)


if __name__ == "__main__":
    unittest.main()
