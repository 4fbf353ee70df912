"""A schedule that is replayed (sched=@TOKEN): the same log each time, another course than without it, and
a line for what could not be made."""
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import system
from system import STATUS, boot

WATCHDOG = "watchdog_ms=1200 outside=1"  # where the arm may not hold, its switches still come
TWO = {"scenario": "two-victims-4.8", "patch": "oom-reaper", "mem": "64", "shift": "4", "cpus": "2",
       "build": "debug"}
AT_THE_SLOT = "0:fill_slot+6#1>1"
WAYS = ("0", "1"), ("1", "0")


def said(run):
    """Return what a run says of its schedule."""
    return [line.split("] schedule: ")[1] for line in run.console.splitlines()
            if "] schedule: " in line]


def where(wanted, place, args, **options):
    """Return the first (token, run) of one switch at this place that says this.

    Which of two CPUs comes to a place, and whether the other one is busy then, moves with every
    instruction of the kernel.
    """
    for number in (1, 2, 3):
        for one, other in WAYS:
            token = f"{one}:{place}#{number}>{other}"
            run = boot(**options, args=f"{args} sched=@{token}")
            if any(wanted in line for line in said(run)):
                return token, run
    raise AssertionError(f"{place}: no switch says {wanted!r}")


class Replays(unittest.TestCase):
    def test_same_token_same_log(self):
        first, second = system.repeated(**TWO, args=f"{WATCHDOG} sched=@{AT_THE_SLOT}")
        self.assertEqual(first.status, STATUS["finished"])
        self.assertEqual(first.console, second.console)
        self.assertEqual(first.events, second.events)

    def test_from_the_switch_on_the_run_takes_another_course(self):
        token, held = where("1 of 1 switches made", "fill_slot+6", WATCHDOG, **TWO)
        never = re.sub("#.", "#9", token)
        plain = boot(**TWO, args=f"{WATCHDOG} sched=@{never}")
        self.assertEqual(said(plain)[-1], "0 of 1 switches made")
        stands, goes, count = said(held)
        self.assertEqual(count, "1 of 1 switches made")
        one, other = token[0], token[-1]
        self.assertRegex(stands, rf"^{re.escape(token)}: CPU {one} \(reader, pid \d+\) stands still, "
                         f"CPU {other} goes on")
        self.assertRegex(goes, f"^CPU {one} goes on: CPU {other} ")
        until = held.console.rindex("[", 0, held.console.index(f"schedule: {token}"))
        same = plain.console.replace(never, token)[:until]
        self.assertEqual(held.console[:until], same)
        self.assertNotEqual(held.events, plain.events)

    def test_the_turn_is_given_back(self):
        run = boot(scenario="crowdtest", shift="4", cpus="2", build="debug",
                   args="crowdtest.apps=200 sched=@0:refill+5#200>1,1:refill+5#400>0")
        self.assertEqual(run.status, STATUS["finished"])
        first, second, back, _, count = said(run)
        self.assertRegex(first, r"^0:refill\+5#200>1: CPU 0 .* stands still, CPU 1 goes on$")
        self.assertRegex(second, r"^1:refill\+5#400>0: CPU 1 .* stands still, CPU 0 goes on$")
        self.assertEqual(back, "CPU 0 goes on: CPU 1 gives the turn back")
        self.assertEqual(count, "2 of 2 switches made")

    def test_a_part_that_comes_too_late(self):
        run = boot(scenario="threadtest", shift="4", cpus="2", build="debug",
                   args="sched=@0:refill+5#20>1,0:refill+5#5>1")
        self.assertIn("0:refill+5#20>1: not made: a part behind it came first", said(run))

    def test_an_idle_cpu_is_given_nothing(self):
        run = boot(scenario="info", cpus="2", build="debug", args="sched=@0:sched_lock+2#1>1")
        self.assertEqual(said(run), ["0:sched_lock+2#1>1: not made: CPU 1 has nothing to do",
                                     "0 of 1 switches made"])

    def test_what_the_guest_has_not_and_what_did_not_come_are_told(self):
        token = "start>1,0:fill_slot+999#1>1,1^0:end#1>0,0:nosuch+1#1>1,0:sched_lock+2#12345678>1"
        run = boot(scenario="info", cpus="2", build="debug", args=f"sched=@{token}")
        only = "only the host's explorer has this point"
        lines = said(run)
        self.assertEqual(lines[:4], [
            f"start>1: {only}", lines[1], f"1^0:end#1>0: {only}", f"0:nosuch+1#1>1: {only}"])
        self.assertRegex(lines[1], rf"^0:fill_slot\+999#1>1: {only}; of that function there are: "
                         r"fill_slot\+\d+$")
        self.assertRegex(lines[4], r"^0:sched_lock\+2#12345678>1: not reached: CPU 0 came there \d+ "
                         "times$")
        self.assertEqual(lines[5:], ["0 of 5 switches made"])

    def test_a_cpu_that_holds_a_lock_goes_on_when_the_other_wants_it(self):
        where("wants a lock that is held here", "wait_for_grant+10", f"{WATCHDOG} killable_mmap=0",
              scenario="mmap-writer", mem="64", shift="6", cpus="2", build="debug")

    def test_a_cpu_stands_still_for_half_a_second_at_most(self):
        token, run = where("has come to no point of the token for 500 ms", "sleep", WATCHDOG,
                           **TWO | {"patch": "none"})
        one, other = token[0], token[-1]
        self.assertIn(f"CPU {one} goes on: CPU {other} has come to no point of the token for 500 ms", said(run))

    def test_several_cpus_in_real_time(self):
        run = boot(**TWO | {"shift": "", "mode": "fast"}, args=f"{WATCHDOG} sched=@0:sleep#2>1")
        self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
        self.assertRegex(said(run)[-1], "^[01] of 1 switches made$")


class Refused(unittest.TestCase):
    def assert_refused(self, token, expected, build="debug", cpus="2"):
        run = boot(scenario="info", cpus=cpus, build=build, args=f"sched=@{token}")
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn(f"bad parameter: sched=@{token}; expected {expected}", run.error_line())
        self.assertEqual(run.console.count("lowwater: "), 1)

    def test_a_bad_token_is_one_line(self):
        """Of as many CPUs as the machine has; all that is none otherwise is the host's test_token."""
        for token in ("0:a+1#1>2", "x"):
            with self.subTest(token):
                self.assert_refused(token, "@ and parts cpu:function+line#n>cpu")

    def test_a_release_build_replays_nothing(self):
        self.assert_refused("0:fill_slot+6#1>1", "a number: only a debug build replays a schedule "
                            "(BUILD=debug)", build="release")


class ByMake(unittest.TestCase):
    """The token as a user writes it, through make, the runner, the emulator and GRUB."""

    def test_a_long_token(self):
        token = ",".join(f"0:unreserve_highatomic_pageblock+11#{n}>1" for n in range(1, 31))
        for boots in ("kernel", "iso"):
            with self.subTest(boots):
                console = by_make(f"sched=@{token}", boots)
                self.assertIn(" 0:unreserve_highatomic_pageblock+11#30>1: not reached: CPU 0 came "
                              "there 0 times", console)
                self.assertIn("schedule: 0 of 30 switches made", console)


def by_make(args, boots):
    """Return the console of a run by make."""
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            ["make", "-s", "run", "SCENARIO=info", "BUILD=debug", "CPUS=2", "MEM=64", "SHIFT=4",
             f"BOOT={boots}", f"ARGS={args}", f"OUT={name}"],
            text=True, capture_output=True, check=False, timeout=system.TIMEOUT)
        log = next(Path(name).rglob("console.log"), None)
        return log.read_text() if log else done.stdout + done.stderr


if __name__ == "__main__":
    unittest.main()
