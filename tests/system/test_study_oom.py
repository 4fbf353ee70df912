"""The lock-up scenarios as a user runs them: every arm on several CPUs, every knob, what is logged.

A scenario's own arms are judged by the runner; here is what they do not declare.
"""
import json
import re
import unittest
from pathlib import Path

import system
from system import STATUS, boot

WATCHDOG = "watchdog_ms=1200"  # the reaper gives up after a second
MEM, SHIFT = "64", "6"  # where the arms hold too: a second of a lock-up takes few instructions
CHEAP = ("--mem", MEM, "--shift", SHIFT)
REAPER = ("exit-race", "lockup", "mlocked", "mmap-writer", "mmap-writer-4.8", "shared-mm",
          "two-victims", "two-victims-4.8")
ARMS = [(scenario, patch) for scenario in REAPER for patch in ("none", "oom-reaper", "all")]
ARMS += [("notifier", patch) for patch in ("none", "oom-notifier-outside", "all")]
ARMS += [("balloon", patch) for patch in ("none", "oom-notifier-outside", "all")]
ARMS += [(f"balloon-{form}", patch) for form in ("kept", "unlocked") for patch in ("none", "oom-notifier-outside")]
ARMS += [("balloon-mutex", "oom-notifier-outside")]
ARMS += [("shared-mm-4.8", "none"), ("shared-mm-4.8", "all")]
ARMS += [("victim-reserves", patch) for patch in ("none", "all")]
# One arm of each scenario, and machines of each size; `make matrix` runs all on all.
SAMPLE = [("exit-race", "oom-reaper"), ("lockup", "none"), ("mlocked", "all"), ("mmap-writer", "all"),
          ("mmap-writer-4.8", "none"), ("shared-mm", "oom-reaper"), ("two-victims", "oom-reaper"),
          ("two-victims-4.8", "none"), ("notifier", "oom-notifier-outside"),
          ("shared-mm-4.8", "all"), ("victim-reserves", "none"), ("balloon", "all"), ("balloon-kept", "none"),
          ("balloon-unlocked", "none"), ("balloon-mutex", "oom-notifier-outside")]


def study(scenario, patch, *options):
    """One run by the runner: its exit code, and its result."""
    run = system.study(scenario, patch, *options)
    return run.code, run.shown, run.result


def small(scenario, patch, args, **options):
    """One boot on the smallest of the scenarios' machines; a key's time is of the declared one."""
    if "sysrq=" in args:
        options = {"mem": "128", "shift": "4"} | options
    return boot(**{"scenario": scenario, "patch": patch, "mem": MEM, "shift": SHIFT,
                   "args": f"{WATCHDOG} {args}".rstrip()} | options)


class Arms(unittest.TestCase):
    def test_as_declared_on_several_cpus_and_under_seeds(self):
        self.assertEqual({scenario for scenario, _ in SAMPLE}, {scenario for scenario, _ in ARMS})
        for place, (scenario, patch) in enumerate(SAMPLE):
            cpus, sched = ("2", "3", "4", "8")[place % 4], str(place)
            with self.subTest(scenario=scenario, patch=patch, cpus=cpus, sched=sched):
                code, shown, _ = study(scenario, patch, "--cpus", cpus, "--sched", sched, *CHEAP)
                self.assertEqual(code, 0, shown)

    def test_who_is_last_to_leave_an_address_space_is_open_on_several_cpus(self):
        code, shown, _ = study("exit-race", "oom-reaper", "--cpus", "8", "--mem", MEM)
        self.assertEqual(code, 0, shown)

    def test_as_declared_in_debug_builds(self):
        for scenario, patch in (("lockup", "oom-reaper"), ("notifier", "all"), ("two-victims", "all")):
            with self.subTest(scenario=scenario, patch=patch):
                code, shown, _ = study(scenario, patch, "--cpus", "2", "--build", "debug", "--mem", MEM)
                self.assertEqual(code, 0, shown)

    def test_a_victim_that_exits_in_a_debug_build(self):
        run = small("exit-race", "all", "exit-race.rounds=2", cpus="2", build="debug")
        self.assertEqual(run.status, STATUS["finished"])
        self.assertEqual(run.counter("oom_kills"), 2 + run.counter("others_killed"))

    def test_a_locked_up_machine_of_four_cpus_reports_to_the_end(self):
        run = small("mmap-writer", "none", "killable_mmap=0", cpus="4", build="debug")
        self.assertEqual(run.status, STATUS["lockup"])
        self.assertIn("---[ end LOCKUP", run.console)

    def test_the_same_log_every_time(self):
        first, second = system.repeated(scenario="lockup", patch="all", mem="128", shift="4",
                                        cpus="4", sched="7", args=WATCHDOG)
        self.assertEqual(first.console, second.console)


class Lockup(unittest.TestCase):
    TRACED = ("--args", "trace=on", *CHEAP)

    def test_holders_and_waiters_are_named(self):
        run = small("lockup", "none", "")
        self.assertRegex(run.console, r"LOCKUP: \w+ \(pid \d+\) has been ")
        self.assertRegex(run.console, r"inode: held by pid \d+ \(holder\)")
        self.assertRegex(run.console, r"inode: pid \d+ \(hog\) waits")
        self.assertRegex(run.console, r"hog: uninterruptible sleep on inode, kill pending")

    def test_memory_is_free_within_a_second_of_the_kill(self):
        found = system.study("lockup", "oom-reaper", *self.TRACED).result
        times = {one["what"]: one["ns"] for one in found["timeline"]}
        self.assertLess(times["killed"], times["exited"])
        self.assertLess(times["reaped"] - times["killed"], 1e9)
        rss = [one["value"] for one in found["samples"]["victim_rss"]]
        self.assertEqual(rss, sorted(rss, reverse=True))
        self.assertGreater(rss[0], rss[-1])

    def test_a_nofs_holder_kills_nobody(self):
        run = small("lockup", "oom-reaper", "lockup.nofs=1")
        self.assertEqual((run.status, run.counter("oom_kills")), (STATUS["lockup"], 0))
        self.assertGreater(run.counter("oom_invocations"), 1000)

    def test_a_nofs_holder_is_helped_by_somebody_elses_kill(self):
        for patch, status in (("none", "lockup"), ("oom-reaper", "finished")):
            run = small("lockup", patch, "lockup.nofs=1 lockup.others=1")
            self.assertEqual((run.status, run.counter("oom_kills")), (STATUS[status], 1), patch)

    def test_a_hog_that_is_killed_before_it_waits_leaves_nobody_waiting_for_ever(self):
        run = small("lockup", "none", "sysrq=f@350")
        self.assertEqual((run.status, run.counter("oom_kills")), (STATUS["finished"], 1))
        self.assertIn("inode: nobody waits for it though somebody was to\n", run.console)

    def test_the_reaper_needs_no_worker(self):
        for patch, status in (("none", "lockup"), ("oom-reaper", "finished"), ("all", "finished")):
            run = small("lockup", patch, "lockup.workers=1")
            self.assertEqual(run.status, STATUS[status], patch)

    def test_others_that_want_memory_change_nothing(self):
        for patch, status in (("none", "lockup"), ("oom-reaper", "finished")):
            run = small("lockup", patch, "lockup.others=4", cpus="2")
            self.assertEqual((run.status, run.counter("oom_kills")), (STATUS[status], 1), patch)

    def test_without_the_reapers_task_everything_is_as_before(self):
        run = small("lockup", "oom-reaper", "fail_oom_reaper_start=1")
        self.assertIn("Unable to start OOM reaper -12. Continuing regardless", run.console)
        self.assertEqual((run.status, run.counter("oom_reap_attempts")), (STATUS["lockup"], 0))

    def test_trace(self):
        run = system.study("lockup", "oom-reaper", *self.TRACED)
        text = (run.folder / "trace.txt").read_text()
        order = [text.index(name) for name in ("mark_victim: pid", "wake_reaper: pid",
                                               "start_task_reaping: mm", "finish_task_reaping: mm")]
        self.assertEqual(order, sorted(order))


class Machines(unittest.TestCase):
    """A scenario runs where its arms say that they hold."""

    def test_refused_with_a_line_elsewhere(self):
        for mem, has in (("63", "63 MiB of memory"), ("4097", "4097 MiB of memory")):
            run = boot(scenario="lockup", mem=mem)
            self.assertEqual(run.status, STATUS["refused"])
            self.assertEqual(run.error_line(), f"lowwater: machine: {has}; expected 64 to 4096, "
                             "with which scenario=lockup holds (outside=1 runs it all the same)")

    def test_at_its_ends_and_beyond_when_told_to(self):
        for options in ({"mem": "64"}, {"mem": "40", "args": "outside=1"}):
            run = boot(scenario="two-victims-4.8", patch="all", shift="4", **options)
            self.assertEqual(run.status, STATUS["finished"])

    def test_an_arm_s_own_machines_come_first(self):
        run = boot(scenario="spike-stray", patch="highatomic-exhaust", mem="1024")
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn("1024 MiB of memory; expected 2048 to 2048, with", run.error_line())
        run = boot(scenario="spike-stray", patch="highatomic-exhaust", mem="2048", cpus="3")
        self.assertIn("machine: 3 CPUs; expected 1 to 2, with", run.error_line())

    def test_on_a_large_machine_what_takes_long_is_no_lockup(self):
        run = boot(scenario="lockup", patch="none", shift="4", mem="1040", args="watchdog_ms=500")
        self.assertIn("LOCKUP: hog (pid 4) has been waiting for inode for 2080 ms", run.console)

    def test_protection_beyond_the_reserve_is_a_victims(self):
        run = system.study("victim-reserves", "none", "--mem", "1200")
        self.assertTrue(run.result["as_expected"], run.result["failed_checks"])
        self.assertGreater(run.result["counters"]["victim2_reserve_pages"], 0)
        self.assertEqual(run.result["counters"]["victim2_preferred_pages"], 0)

    def test_whoever_says_nothing_runs_anywhere(self):
        self.assertEqual(boot(scenario="info", mem="40").status, STATUS["finished"])


class Asleep(unittest.TestCase):
    """Who waits for somebody that is no more: a verdict at once, not the time limit."""

    def test_everybody_asleep(self):
        for options in ({}, {"cpus": "2"}, {"cpus": "4", "sched": "3"}, {"build": "debug"}):
            with self.subTest(**options):
                run = small("sleepers", "none", "sysrq=f@20", **options)
                self.assertEqual(run.status, STATUS["lockup"])
                self.assertIn("LOCKUP: everybody is asleep: no task can run, and no timer will "
                              "wake one\n", run.console)
                self.assertRegex(run.console, r"pid 3 waiter: killable sleep on app events\n")
                self.assertRegex(run.console, r"pid 1 sleepers: killable sleep on app events\n")
                self.assertEqual((run.counter("lockup_asleep"), run.counter("oom_kills")), (1, 1))
                self.assertLess(run.events[-1]["ns"], 1e9)

    def test_whoever_will_be_woken_by_a_timer_is_waited_for(self):
        """A key that is still to be pressed."""
        run = small("sleepers", "none", "sysrq=f@10,t@3000")
        self.assertIn("Show State", run.console.split("LOCKUP: everybody is asleep")[0])
        self.assertGreater(run.events[-1]["ns"], 3e9)

    def test_a_lock_up_of_others_is_not_called_that(self):
        self.assertEqual(small("lockup", "none", "").counter("lockup_asleep"), 0)

    def test_a_hog_that_dies_early_ends_its_scenario(self):
        """Whoever waits for it would sleep for ever; with workers, poll for ever."""
        for knobs in ("", " lockup.workers=1", " lockup.nofs=1 lockup.others=2"):
            run = small("lockup", "none", "sysrq=f@12" + knobs)
            self.assertEqual(run.status, STATUS["refused"], run.console[-500:])
            self.assertIn("an app ended before its time", run.console)
            self.assertIn("all pages returned; mm_validate found nothing", run.console)

    def test_never_with_the_watchdog_off(self):
        """Until a key is pressed, for example."""
        run = boot(scenario="sleepers", mem="128", shift="4", args="watchdog_ms=0 sysrq=f@10,f@500")
        self.assertEqual(run.counter("oom_kills"), 2)


class OtherColumns(unittest.TestCase):
    """Reference 8.6: what the seed cannot do, and the lines of 4.9."""

    def test_shared_memory_is_skipped_like_locked_memory(self):
        run = small("mlocked", "oom-reaper", "mlocked.shared=1")
        self.assertEqual(run.status, STATUS["lockup"])
        self.assertLess(run.counter("oom_reaped_pages"), 16)
        self.assertRegex(run.console, r"Killed process .*anon-rss:\d+kB, file-rss:0kB, "
                                      r"shmem-rss:[1-9]\d+kB")

    def test_locked_memory_stays_and_the_line_says_so(self):
        run = small("mlocked", "all", "")
        before = re.search(r"Killed process \d+ \(hog\) .*anon-rss:(\d+)kB", run.console)
        after = re.search(r"oom_reaper: reaped process \d+ \(hog\), now anon-rss:(\d+)kB",
                          run.console)
        self.assertAlmostEqual(int(before[1]), int(after[1]), delta=64)
        self.assertIn("Killed process", run.console.split("oom_reaper: reaped")[1])

    def test_ten_attempts_take_a_second(self):
        run = small("mmap-writer", "all", "killable_mmap=0")
        stamp = {what: float(re.search(rf"\[ *(\S+)\] {what}", run.console)[1])
                 for what in ("Killed process", "oom_reaper: unable to reap pid:")}
        first, gave_up = stamp.values()
        self.assertAlmostEqual(gave_up - first, 1.0, delta=0.05)

    def test_which_linux_a_row_is_of(self):
        for scenario, rules, line in (
                ("mmap-writer", "4.6", "as in Linux 4.6: a kill does not end the wait for mmap_sem "
                                       "as a writer (killable_mmap=0)"),
                ("shared-mm", "4.7", "as in Linux 4.7: who shares the memory keeps an "
                                     "oom_score_adj of its own (shared_oom_adj=0)"),
                ("mmap-writer-4.8", "4.8", None)):
            with self.subTest(scenario=scenario):
                run = system.study(scenario, "all", *CHEAP)
                console = (run.folder / "console.log").read_text()
                self.assertEqual(run.result["rules"], rules)
                self.assertIn(f" all ({rules})  " if line else " all  ", run.shown)
                self.assertEqual(re.findall(r"\] (as in Linux .*)", console), [line] if line else [])

    def test_the_second_victim_is_lost(self):
        _, _, found = study("two-victims", "oom-reaper", *CHEAP)
        killed = [one["pid"] for one in found["timeline"] if one["what"] == "killed"]
        self.assertEqual(len(set(killed)), 2)
        self.assertEqual(found["counters"]["oom_kills_by_hand"], 1)


class Balloon(unittest.TestCase):
    """AB-BA with the lock of a real balloon: who waits for what, inside and outside of the killer."""

    def locks(self, scenario, patch):
        run = system.study(scenario, patch, *CHEAP)
        self.assertEqual((run.code, run.result["as_expected"]), (0, True), run.shown)
        console = (run.folder / "console.log").read_text()
        self.assertRegex(console, r"balloon_lock: held by pid \d+ \(kworker/u:\d\)")
        self.assertRegex(console, r"inode: pid \d+ \(kworker/u:\d\) waits")
        self.assertRegex(console, r"inode: held by pid \d+ \(owner\)")
        self.assertRegex(console, r"balloon_lock: pid \d+ \(owner\) waits")
        return console

    def test_inside(self):
        console = self.locks("balloon", "none")
        self.assertRegex(console, r"oom_lock: held by pid \d+ \(owner\)")
        self.assertRegex(console, r"oom_lock: pid \d+ \(kworker/u:\d\) waits")  # SysRq-f

    def test_a_victim_waits_for_the_balloon_as_the_review_has_it(self):
        console = self.locks("balloon", "oom-notifier-outside")
        self.assertNotIn("oom_lock", console[console.index("Locks held"):])
        self.assertRegex(console, r"balloon_lock: pid \d+ \(bystander\) waits")

    def test_but_not_as_the_mail_has_it(self):
        console = self.locks("balloon-mutex", "oom-notifier-outside")
        self.assertRegex(console, r"oom_notifier_lock: held by pid \d+ \(owner\)")
        self.assertNotIn("bystander", console[console.index("Locks held"):])


class Notifier(unittest.TestCase):
    ARGS = "min_free_kbytes=4096"

    def test_the_holder_of_oom_lock_sleeps_for_the_ballast(self):
        run = small("notifier", "none", self.ARGS)
        self.assertEqual(run.status, STATUS["lockup"])
        held = re.search(r"oom_lock: held by pid (\d+) \(small\)", run.console)
        self.assertRegex(run.console, rf"ballast_lock: pid {held[1]} \(small\) waits")
        self.assertRegex(run.console, r"ballast_lock: held by pid \d+ \(filler\)")
        self.assertRegex(run.console, r"oom_lock: pid \d+ \(kworker/u:\d\) waits")  # SysRq-f

    def test_a_wait_that_no_kill_ends_stays(self):
        run = small("notifier", "oom-notifier-outside", self.ARGS + " ballast_killable=0")
        self.assertEqual(run.status, STATUS["panic"])
        self.assertRegex(run.console, r"BUG: filler \(pid \d+\) waits for ballast_lock, "
                                      r"which it holds")

    def test_only_outside_can_lock_checks_see_it(self):
        for patch, status in (("none", "lockup"), ("oom-notifier-outside", "panic")):
            run = small("notifier", patch, self.ARGS + " ballast_lockdep=1", build="debug",
                        shift="4")
            self.assertEqual(run.status, STATUS[status], patch)
        self.assertRegex(run.console, "BUG: locks: .*ballast_lock")

    def test_what_the_mail_names_and_what_it_does_not(self):
        _, _, before = study("notifier", "none", *CHEAP)
        _, _, after = study("notifier", "oom-notifier-outside", *CHEAP)
        before, after = before["counters"], after["counters"]
        self.assertEqual((before["notifier_calls_by_hand"], after["notifier_calls_by_hand"]),
                         (1, 0))
        self.assertEqual((before["n1_kills"], after["n1_kills"]), (0, 1))
        self.assertEqual((before["n5_kills"], after["n5_kills"]), (0, 1))
        self.assertEqual(after["notifier_kills_after_freed"], 1)
        self.assertGreaterEqual(after["notifier_killed_early"], 1)


class Table(unittest.TestCase):
    def test_every_arm_names_its_seed_and_what_it_shows(self):
        study("lockup", "none")  # the table of arms is there after any run
        rows = json.loads(Path("build/scenarios.json").read_text())["arms"]
        rows = [row for row in rows if row["group"] == "study"]
        self.assertGreaterEqual(len(rows), 31)
        for row in rows:
            with self.subTest(scenario=row["scenario"], patch=row["patch"]):
                self.assertTrue(row["showed"])
                self.assertIn(row["source"], ("highatomic", "oom-reaper", "oom-notifier")
                              if row["scenario"] != "info" else ("",))
        self.assertLessEqual({(row["scenario"], row["patch"]) for row in rows} - set(ARMS),
                             {("info", "none"), *(("overshoot", arm) for arm in (
                                 "none", "series", "highatomic-nosteal,highatomic-account", "all")),
                              *(("spike-swap", arm) for arm in ("none", "highatomic-exhaust", "series", "all")),
                              ("spike", "none"), ("spike", "all"),
                              ("spike", "highatomic-exhaust"), ("spike-stray", "none"),
                              ("spike-stray", "highatomic-exhaust"), ("spike-stray", "series"),
                              ("spike-stray", "all")})


if __name__ == "__main__":
    unittest.main()
