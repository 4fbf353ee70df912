"""The real kernel in QEMU: its image, deliberate faults, in-guest tests, exact runs, the watchdog."""
import hashlib
import re
import subprocess
import unittest
from pathlib import Path

from campaign import arms
from machine import iso
from results import events
import system
from system import STATUS, boot


def all_arms():
    return arms.load(system.make_spec(system.DEFAULTS))


def system_arms():
    return arms.study(all_arms())


class Declarations(unittest.TestCase):
    """What scenarios declare, as scenario=list tells it."""

    def test_machine_and_parameters(self):
        none, every = (arms.find(all_arms(), "stall", patch) for patch in ("none", "all"))
        self.assertEqual((none.mem, none.shift, none.source), (96, 4, ""))
        self.assertEqual(none.every, "watchdog_ms=100 stall.holds_ms=1000")
        self.assertEqual(none.args, none.every)
        self.assertEqual(every.args, "watchdog_ms=100 stall.holds_ms=50")

    def test_there_is_no_mistake_in_them(self):
        known = all_arms()
        self.assertEqual(known.faults, {})
        self.assertEqual(known.scenarios["lockup"], "tests/scenarios/lockup.c")
        self.assertIn("crash", known.scenarios)  # which declares no arm
        self.assertGreater(len(known.counters), 60)
        self.assertEqual((known.params["lockup.demand"]["min"], known.params["lockup.demand"]["default"]),
                         (1, 50))
        lockup, writer = arms.find(known, "lockup", "none"), arms.find(known, "spike-stray", "highatomic-exhaust")
        self.assertEqual((lockup.mem_hold, lockup.cpus_hold), ((64, 4096), (1, 8)))
        self.assertEqual((writer.mem_hold, writer.cpus_hold), ((2048, 2048), (1, 2)))

    def test_menu_has_every_study_arm(self):
        text = iso.menu(system_arms())
        for scenario, patch in (("info", "none"), ("spike", "none"),
                                ("spike", "highatomic-exhaust"), ("spike", "all")):
            self.assertIn(f"'scenario={scenario}' 'patch={patch}'", text)
        self.assertIn("terminal_output serial console", text)

    def test_every_study_arm_has_a_phrase(self):
        for arm in system_arms():
            with self.subTest(scenario=arm.scenario, patch=arm.patch):
                self.assertTrue(arm.showed)
                self.assertEqual(bool(arm.source), arm.scenario != "info")


class Image(unittest.TestCase):
    """What must hold of the linked image itself."""

    FP_REGISTER = re.compile(r"%(xmm|mm|st)\b|%xmm\d|%mm\d")
    MAY_USE_THEM = ("clear_page.o",)

    def test_kernel_code_uses_no_fp_registers(self):
        objects = [path for folder in ("boot", "kernel/core", "kernel/task", "mm", "tests/guest",
                                       "tests/workloads")
                   for path in Path("build/obj", folder).rglob("*.o")
                   if path.name not in self.MAY_USE_THEM and path.parent.name != "libc"]
        objects.append(Path("build/newlib/klibc.a"))
        self.assertGreater(len(objects), 40)
        for path in objects:
            code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(path)], text=True,
                                  capture_output=True, check=True).stdout
            inline = "test_core" in path.name  # puts a value into xmm0 on purpose
            if not inline:
                self.assertIsNone(self.FP_REGISTER.search(code), path)

    def test_sources_are_formatted(self):
        """Those that are not as they were when they last were, by the same rules and program."""
        rules = Path(".clang-format").read_bytes() + subprocess.run(
            ["clang-format", "--version"], capture_output=True, check=True).stdout
        marks = {hashlib.sha256(rules + path.read_bytes()).hexdigest(): str(path)
                 for folder in ("boot", "kernel", "mm", "tests") for path in Path(folder).rglob("*.[ch]")}
        kept = Path("build/test/formatted")
        new = marks.keys() - set(system.read(kept).split())
        if new:
            done = subprocess.run(["clang-format", "--dry-run", "-Werror", *(marks[one] for one in new)],
                                  text=True, capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, "run `make format`: " + done.stderr[:300])
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text("\n".join(sorted(marks)))

    def test_no_segment_is_writable_and_executable(self):
        table = subprocess.run(["readelf", "-lW", "build/lowwater.elf"], text=True,
                               capture_output=True, check=True).stdout
        flags = re.findall(r"LOAD .*? ([R ][W ][E ]) 0x", table)
        self.assertGreaterEqual(len(flags), 4)
        self.assertFalse([one for one in flags if "W" in one and "E" in one])


class DeliberateFaults(unittest.TestCase):
    CASES = (
        (1, "unable to handle kernel paging request at ffff900000001234", "wild_pointer"),
        (2, "NULL pointer dereference at 0000000000000008", "null_pointer"),
        (3, "kernel stack overflow of scenario (pid 2)", "overflow_stack"),
        (4, "freed, but not allocated (double free?)", "double_free"),
        (5, "freed with another order than it was allocated with", "wrong_order"),
        (6, "unexpected interrupt, vector 0x55", "unknown_interrupt"),
        (7, "(protection)", "write_code"),
        (8, "attempt to execute NX-protected", "crash"),
        (9, "divide error (vector 0)", "divide"),
        (10, "test of a panic with a lock held", "panic_with_locks"),
        (11, "sleeping allocation (gfp 0x24000c0) in atomic context", "sleep_in_atomic"),
        (14, "scheduling while atomic: scenario (pid 2) in a spinlock", "sleep_under_spinlock"),
        (13, "kernel stack overflow of scenario (pid 2)", "leap_over_guard_page"),
        (12, "attempt to execute NX-protected or unmapped page at ffffa00000000000", "crash"),
    )

    def test_each_is_named(self):
        for kind, text, where in self.CASES:
            with self.subTest(kind=kind):
                run = boot(scenario="crash", args=f"crash.kind={kind}")
                self.assertEqual(run.status, STATUS["panic"])
                self.assertIn("Kernel panic - not syncing: ", run.console)
                self.assertIn(text, run.console)
                self.assertTrue(re.search(rf"\b{where}[.\w]*\+0x", run.console), where)
                for part in ("RIP: 0008:", "RAX: ", "CR3: ", "Call Trace:", "Locks held:", "Tasks:", "Mem-Info:", "pages RAM",
                             "---[ end Kernel panic"):
                    self.assertIn(part, run.console)

    def test_an_app_is_named(self):
        run = boot(scenario="apptest", args="apptest.crash=1")
        self.assertEqual(run.status, STATUS["panic"])
        self.assertRegex(run.console, r"app apptest \(pid 1\) used the bad address 0000000000001234")

    def test_held_lock_is_listed(self):
        run = boot(scenario="crash", args="crash.kind=10")
        self.assertIn("a mutex of this test: held by pid 2 (scenario)", run.console)


class GuestTests(unittest.TestCase):
    APPS = ("apptest", "threadtest", "libctest")
    SEEDED = {"shift": "4", "cpus": "3"}
    WHOLE = sorted(" ".join(f"{c}{k}.{i}" for c in "abcde") + " end"
                   for k in range(4) for i in range(10))

    def check(self, scenario, shift="4", mode="exact", **options):
        """At 16 ns an instruction, waiting in a loop for time to pass takes few of them."""
        run = boot(scenario=scenario, shift=shift if mode == "exact" else "", mode=mode, **options)
        self.assertEqual(run.status, STATUS["finished"], run.console[-2000:])
        self.assertFalse(re.findall("not ok.*", run.console))
        self.assertEqual(run.counter("ktap_failed"), 0)
        self.assertGreater(run.counter("ktap_passed"), 10)
        if scenario == "libctest":
            self.check_lines(run.console)
        return run

    def check_lines(self, console):
        """A line of a thread stays one line, though many write."""
        lines = re.findall(r"\] thread\[\d+\]: (.*)", console)
        pieces = [line for line in lines
                  if not re.fullmatch(r"thread \d+ was here|and said so", line)]
        self.assertEqual(sorted(pieces), self.WHOLE)

    def test_selftest(self):
        for options in ({"shift": "0", "args": "hz=1000"}, {"seed": "2"}, {"seed": "3"}):
            self.check("selftest", **options)

    def test_a_thousand_tasks(self):
        for cpus in ("1", "4"):
            with self.subTest(cpus=cpus):
                run = boot(scenario="crowdtest", cpus=cpus)
                self.assertEqual(run.status, STATUS["finished"], run.console[-2000:])
                self.assertEqual(run.counter("ktap_failed"), 0)

    def test_all_in_a_debug_build(self):
        for scenario in ("selftest", *self.APPS):
            for cpus in ("1", "4"):
                with self.subTest(scenario=scenario, cpus=cpus):
                    self.check(scenario, build="debug", cpus=cpus)

    def test_apps(self):
        for mode in ("exact", "fast"):
            for scenario in self.APPS:
                with self.subTest(mode=mode, scenario=scenario):
                    self.check(scenario, mode=mode)

    def test_all_on_several_cpus_in_both_modes(self):
        """Each scenario in both modes; each mode on each number of CPUs."""
        for scenario, exact, fast in (("threadtest", "4", "2"), ("libctest", "4", "8"),
                                      ("selftest", "28", "4"), ("apptest", "28", "4")):
            for mode, cpus in (("exact", exact), ("fast", fast)):
                for number in cpus:
                    with self.subTest(cpus=number, mode=mode, scenario=scenario):
                        self.check(scenario, cpus=number, mode=mode)

    def test_under_schedule_seeds(self):
        for options in ({"sched": "1"}, self.SEEDED | {"sched": "2"}, self.SEEDED | {"sched": "3"}):
            for scenario in ("selftest", "threadtest", "libctest"):
                with self.subTest(scenario=scenario, **options):
                    self.check(scenario, **options)

    def test_exit_in_a_thread_flushes_the_first_threads_output(self):
        console = self.check("libctest").console
        self.assertEqual(re.findall(r"\] exiting\[\d+\]: (.*)", console),
                         ["unfinished line of a thread", "unfinished line of the first thread"])


class ExactRuns(unittest.TestCase):
    SEEDED = {"scenario": "spike", "mem": "128", "shift": "4", "cpus": "4"}

    def test_same_arguments_same_log(self):
        for options in ({"scenario": "info"}, {"scenario": "selftest", "shift": "4"},
                        {"scenario": "spike", "mem": "128"},
                        {"scenario": "selftest", "cpus": "4", "shift": "4"},
                        self.SEEDED | {"sched": "7"},
                        self.SEEDED | {"cpus": "8"}):
            with self.subTest(**options):
                first, second = system.repeated(**options)
                self.assertEqual(first.console, second.console)
                self.assertEqual(first.events, second.events)

    def test_another_seed_another_log(self):
        first, second = (boot(scenario="spike", mem="128", seed=seed) for seed in ("1", "7"))
        self.assertNotEqual(first.console, second.console.replace("seed=7", "seed=1"))

    def test_another_schedule_seed_another_interleaving(self):
        for options, seeds in ((self.SEEDED, "17"), (GuestTests.SEEDED | {"scenario": "libctest"}, "23")):
            logs = {boot(**options, sched=sched).console.replace(
                f"sched={sched}", "").replace(f"seed {sched},", "") for sched in seeds}
            self.assertEqual(len(logs), 2)

    def test_forced_switches_are_logged(self):
        run = boot(**self.SEEDED, sched="7")
        count = run.counter("forced_switches")
        self.assertGreater(count, 100)
        self.assertIn(f"schedule: seed 7, {count} forced switches", run.console)
        self.assertEqual(boot(cpus="2").counter("forced_switches"), 0)


class Shift(unittest.TestCase):
    """SHIFT=n: an instruction takes 2^n virtual nanoseconds, and nothing else is different."""

    def spent(self, shift, **options):
        """(instructions, virtual ns) from the kernel's start to the scenario's."""
        run = boot(shift=str(shift), **options)
        self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
        start = next(one for one in run.events if one["event"] == "start")
        return start["insns"], start["ns"]

    def test_virtual_time_of_an_instruction(self):
        for shift in (0, 1, 4, 10):
            with self.subTest(shift=shift):
                insns, ns = self.spent(shift)
                self.assertGreater(insns, 100000)
                self.assertAlmostEqual(ns / insns, 2 ** shift, delta=2 ** shift / 1000)

    def test_the_same_work_with_less_of_the_tick(self):
        ends = [boot(scenario="crowdtest", mem="128", shift=shift).events[-1] for shift in ("0", "4")]
        self.assertAlmostEqual(ends[1]["insns"] / ends[0]["insns"], 1, delta=0.02)

    def test_who_sleeps_takes_time_without_instructions(self):
        one, sixteen = (boot(scenario="spike", mem="128", shift=shift) for shift in ("0", "4"))
        self.assertEqual(one.counter("spike_demand"), sixteen.counter("spike_demand"))
        end = sixteen.events[-1]
        self.assertGreater(end["ns"], end["insns"] * 16)

    def test_the_ruler_counts_instructions(self):
        found = [[(one["name"], one["insns"]) for one in boot(scenario="bench", shift=shift).events
                  if one["event"] == "bench" and one["group"] == "primitive"]
                 for shift in ("0", "4")]
        self.assertEqual(*found)
        self.assertIn("call", dict(found[0]))

    def test_every_cpu_has_its_turns(self):
        for scenario, shift, cpus, sched in (
                ("selftest", "4", "2", "0"), ("selftest", "4", "8", "0"), ("selftest", "4", "3", "2"),
                ("threadtest", "7", "4", "0"), ("threadtest", "7", "4", "1"),
                ("apptest", "10", "2", "1"), ("apptest", "10", "4", "0"),
                ("apptest", "10", "8", "0"), ("apptest", "10", "8", "1")):
            with self.subTest(shift=shift, cpus=cpus, sched=sched):
                run = boot(scenario=scenario, shift=shift, cpus=cpus, sched=sched)
                self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
                self.assertEqual(run.counter("ktap_failed"), 0)

    def test_a_kill_at_either_end(self):
        for options in (ExactRuns.SEEDED | {"sched": "7"},
                        {"scenario": "spike", "mem": "128", "shift": "10", "cpus": "8", "sched": "1"},
                        {"scenario": "keys", "shift": "10", "cpus": "8", "args": "keys.press=1"}):
            with self.subTest(**options):
                run = boot(**options)
                self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
                self.assertGreaterEqual(run.counter("oom_kills"), 1)


class Watchdog(unittest.TestCase):
    """A run that gets nowhere ends within the stated virtual time, and says why.

    An instruction takes 16 ns, so that a limit is soon over.
    """

    @staticmethod
    def crash(kind, cpus="1", args="watchdog_ms=100", **options):
        return boot(scenario="crash", cpus=cpus, shift="4", args=f"crash.kind={kind} {args}".rstrip(),
                    **options)

    CASES = (
        (15, "1", r"LOCKUP: scenario \(pid 2\) has been waiting for a mutex of this test for 100 ms"),
        (15, "4", r"LOCKUP: scenario \(pid 2\) has been waiting for a mutex of this test for 100 ms"),
        (16, "2", r"LOCKUP: CPU 1 has taken no timer interrupt for 100 ms"),
        (23, "1", r"LOCKUP: CPU 0 has taken no timer interrupt for 100 ms"),
        (23, "4", r"LOCKUP: CPU \d has taken no timer interrupt for 100 ms"),
        (17, "1", r"LOCKUP: scenario \(pid 2\) has been runnable on CPU 0 without a turn for 100"),
        (17, "2", r"LOCKUP: scenario \(pid 2\) has been runnable on CPU \d without a turn for 100"),
    )

    def test_each_lock_up_is_named(self):
        for kind, cpus, text in self.CASES:
            with self.subTest(kind=kind, cpus=cpus):
                run = self.crash(kind, cpus)
                self.assertEqual(run.status, STATUS["lockup"])
                stamp, line = re.search(rf"\[ *(\S+)\] ({text}.*)", run.console).groups()
                self.assertLess(float(stamp), 0.2, line)
                for part in ("Tasks:", "Call Trace:", "Locks held:", "Mem-Info:", "end LOCKUP"):
                    self.assertIn(part, run.console)

    def test_the_holder_and_the_waiter_are_listed(self):
        run = self.crash(15, "2")
        self.assertIn("a mutex of this test: held by pid 3 (holder)", run.console)
        self.assertIn("a mutex of this test: pid 2 (scenario) waits", run.console)
        self.assertRegex(run.console, r"stuck_on_mutex\+0x")
        self.assertRegex(run.console, r"hold_and_leave\+0x")

    def test_a_stopped_cpu_tells_where_it_was(self):
        run = self.crash(16, "2")
        self.assertRegex(run.console, r"take_for_ever\+0x")
        self.assertRegex(run.console, "a spinlock of this test: held by pid 3")
        self.assertRegex(run.console, "a spinlock of this test: CPU 0 spins")

    def test_counters_arrive_whole_wherever_a_cpu_was_stopped(self):
        for cpus in ("1", "2"):
            self.assertTrue(any(self.torn(cpus, sched, limit) for limit in range(5, 25)
                                for sched in (0, 1)))

    def torn(self, cpus, sched, limit):
        """Was the one that talks for ever stopped within an event? Nothing else may be lost."""
        run = boot(scenario="crash", cpus=cpus, shift="4", sched=str(sched),
                   args=f"crash.kind=24 watchdog_ms={limit}")
        self.assertEqual(run.status, STATUS["lockup"])
        said = events.parse(run.channel)
        self.assertGreater(said.counters["pgalloc"], 0)  # the first counter that is sent
        self.assertEqual((said.counters["oom_kills"], said.end["code"]), (0, 4))
        self.assertLessEqual(len(said.notes), 1)
        return said.notes

    def test_keys_that_are_answered_slowly_are_no_lockup(self):
        for cpus in ("1", "2"):
            with self.subTest(cpus=cpus):
                run = boot(scenario="crash", cpus=cpus, shift="4",
                           args="crash.kind=25 watchdog_ms=100")
                self.assertEqual(run.status, STATUS["lockup"])
                before, after = run.console.split("LOCKUP: ", 1)
                self.assertIn("3 keys answered", before)
                self.assertRegex(after, r"interrupts_off_for_ever\+0x")

    def test_interrupts_off_tell_where(self):
        run = self.crash(23)
        self.assertRegex(run.console, r"interrupts_off_for_ever\+0x")

    def test_idle_tasks_run_where_they_are_at_home(self):
        run = self.crash(15, "3")
        for cpu in (1, 2):
            self.assertRegex(run.console, rf"pid 0 swapper/{cpu}: running\n.*running on CPU {cpu}\n")

    def test_a_lost_interrupt_is_named(self):
        run = self.crash(18, "2", args="")
        self.assertEqual(run.status, STATUS["panic"])
        self.assertIn("BUG: CPU 1 has not answered a call of nothing for 1000 ms", run.console)

    def test_a_spinlock_taken_twice_is_named(self):
        run = self.crash(19, args="")
        self.assertEqual(run.status, STATUS["panic"])
        self.assertIn("spinlock a spinlock of this test is taken by scenario (pid 2), which holds "
                      "it", run.console)

    def test_a_debug_build_names_misused_locks(self):
        for kind, text in ((14, "sleeping while the spinlock a spinlock of this test is held"),
                           (20, "wrong lock order: lock A taken while lock B is held"),
                           (21, "a spinlock of this test released but not held"),
                           (22, "sleeping while the spinlock a spinlock of this test is held")):
            with self.subTest(kind=kind):
                run = self.crash(kind, args="", build="debug")
                self.assertEqual(run.status, STATUS["panic"])
                self.assertIn(text, run.console)

    def test_it_can_be_switched_off(self):
        run = boot(args="watchdog_ms=0")
        self.assertEqual(run.status, STATUS["finished"])


if __name__ == "__main__":
    unittest.main()
