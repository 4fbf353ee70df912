"""Requests for memory that are refused on purpose: how the real kernel ends."""
import re
import unittest

from system import STATUS, boot

SPIKE = {"scenario": "spike", "mem": "128"}


def injected(run):
    return run.console.count("FAULT_INJECTION: forcing a failure.")


class NthRequest(unittest.TestCase):
    """From boot to the load: each end is a line, a kill, or all that was asked for."""

    def refused(self, nth, **options):
        run = boot(**SPIKE | options, args=f"fail_nth={nth}")
        self.assertEqual(run.status, STATUS["refused"], run.console[-1500:])
        self.assertEqual(injected(run), 1)
        self.assertNotIn("Kernel panic", run.console)
        return run.error_line()

    def test_boot_ends_with_one_line(self):
        lines = {self.refused(nth) for nth in (2, 20, 22, 24, 25, 27, 31)}
        self.assertTrue(all(line.startswith("lowwater: machine: ") for line in lines), lines)
        for what in ("page tables", "task kworker/u:0", "task kswapd0", "first task", "first app"):
            self.assertTrue(any(what in line for line in lines), (what, lines))

    def test_a_slab_is_asked_for_twice(self):
        """The first request may be refused: the second is the one that counts (devices.md §31.7)."""
        for nth in (1, 21, 26, 29):
            run = boot(**SPIKE, args=f"fail_nth={nth}")
            self.assertEqual((run.status, injected(run)), (STATUS["finished"], 1), run.console[-1500:])
            self.assertRegex(run.console, r"request \d+: order:\d, mode:0x\w+\(.*__GFP_NOTRACK\)")
            self.assertRegex(run.console, r"\] new_slab\+")

    def test_a_disk_that_could_not_start_is_no_bad_parameter(self):
        """What was asked for is right: a sweep goes on."""
        runs = [boot(scenario="info", mem="64", devices="disk=16", args=f"swap=vda:8188 fail_nth={nth}")
                for nth in range(26, 34)]
        lines = [run.error_line() for run in runs if run.status == STATUS["refused"]]
        self.assertTrue(all(line.startswith("lowwater: machine: ") for line in lines), lines)
        self.assertTrue(any("swap=vda:8188: there is no such disk" in line for line in lines), lines)

    def test_memory_that_ends_anywhere_in_boot(self):
        for pages in range(1, 34, 4):
            run = boot(**SPIKE, args="fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0,"
                                     f"ignore-gfp-highmem:0,space:{pages}")
            self.assertEqual(run.status, STATUS["refused"], run.console[-1500:])
            self.assertTrue(run.error_line().startswith("lowwater: machine: "), run.error_line())

    def test_further_cpus_do_too(self):
        lines = {self.refused(nth, cpus="2") for nth in (21, 23)}
        self.assertEqual(lines, {"lowwater: machine: too little memory for this many CPUs"})

    def test_a_patch_whose_task_cannot_start_is_not_run_without_it(self):
        run = boot(scenario="shared-mm", patch="all", mem="128", shift="4",
                   args="watchdog_ms=3000 fail_nth=25")
        self.assertEqual(run.status, STATUS["refused"], run.console[-300:])
        self.assertIn("Unable to start OOM reaper -12. Continuing regardless", run.console)
        self.assertIn("no memory for the task oom_reaper, which is the patch", run.error_line())

    def test_a_scenario_gives_up_when_an_app_cannot_start(self):
        run = boot(**SPIKE, args="fail_nth=45")
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn("all pages returned; mm_validate found nothing", run.console)
        self.assertEqual(run.error_line(), "lowwater: machine: scenario spike could not have memory that it needs, "
                                           "or somebody killed its app")

    def test_a_key_that_kills_a_scenarios_app_is_named_as_a_cause(self):
        run = boot(scenario="lockup", mem="128", shift="4", args="watchdog_ms=3000 sysrq=f@200")
        self.assertEqual(run.status, STATUS["refused"])
        self.assertTrue(run.error_line().endswith(", or somebody killed its app"), run.error_line())

    def test_a_scenario_of_several_apps_ends_whichever_of_them_is_refused(self):
        """shared-mm: from the start of its apps to a process that one of them clones."""
        for nth in range(36, 44):
            run = boot(scenario="shared-mm", patch="all", mem="128", shift="4",
                       args=f"watchdog_ms=3000 fail_nth={nth}")
            with self.subTest(nth=nth):
                self.assertIn(run.status, (STATUS["refused"], STATUS["finished"]), run.console[-300:])

    def test_so_it_does_when_one_is_killed_at_its_start(self):
        """lockup's hog: whoever waited for it would sleep for ever."""
        for nth in (48, 49, 61):
            run = boot(scenario="lockup", mem="128", shift="4",
                       args=f"watchdog_ms=3000 fail_nth={nth}")
            self.assertEqual(run.status, STATUS["refused"], run.console[-300:])
            self.assertIn("an app ended before its time", run.console)
            self.assertIn("all pages returned; mm_validate found nothing", run.console)

    def test_an_apps_fault_is_a_kill(self):
        run = boot(**SPIKE, args="fail_nth=80")
        self.assertEqual(run.status, STATUS["finished"])
        self.assertEqual((run.counter("oom_kills"), run.counter("faults_injected")), (1, 1))
        self.assertIn("all pages returned; mm_validate found nothing", run.console)


def trace_of(report):
    """The functions of a report's call trace, the innermost first."""
    trace = report.split("Call Trace:\n")[1]
    return re.findall(r"(?m)^\[[ .\d]+\]  \[<\w+>\] (\w+)\+", trace.split("Mem-Info:")[0])


class RefusedSlab(unittest.TestCase):
    """The report of the second seed: an atomic kmalloc() that needs a new slab (devices.md §34.8, §31.9)."""

    FRAMES = ["dump_stack", "warn_alloc_failed", "__alloc_pages_slowpath", "__alloc_pages_nodemask",
              "new_slab", "___slab_alloc", "__slab_alloc", "__kmalloc", "take_until_refused"]

    def check(self, run, mode, cache):
        self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
        [report] = run.console.split(" page allocation failure: ")[1:]
        self.assertTrue(report.startswith(f"order:0, mode:{mode}("), report[:80])
        self.assertEqual(trace_of(report)[:len(self.FRAMES)], self.FRAMES)
        self.assertIn("SLUB: Unable to allocate memory on node -1, gfp=0x2080020(GFP_ATOMIC)\n",
                      report.split("Mem-Info:")[1])
        self.assertIn(f"  cache: {cache}", report)
        self.assertGreater(run.counter("refused_after"), 1000)

    def test_the_trace_has_the_seeds_frames_and_no_other(self):
        self.check(boot(scenario="refused", mem="32"), "0x2280020",
                   "kmalloc-64, object size: 64, buffer size: 64, default order: 0, min order: 0")

    def test_of_larger_slabs_the_request_for_the_smallest_one_reports(self):
        self.check(boot(scenario="refused", mem="32", cpus="2", args="refused.size=1000"), "0x2284020",
                   "kmalloc-1024, object size: 1024, buffer size: 1024, default order: 2, min order: 0")


class Attributes(unittest.TestCase):
    def test_atomic_blocks_of_a_ring_are_refused_and_the_run_goes_on(self):
        run = boot(**SPIKE, args="fail_page_alloc=interval:10,times:5,min-order:3")
        self.assertEqual(run.status, STATUS["finished"], run.console[-1500:])
        self.assertEqual(run.counter("faults_injected"), 5)
        self.assertEqual(injected(run), 5)
        self.assertRegex(run.console, r"request \d+: order:3, mode:0x\w+\(GFP_ATOMIC")


if __name__ == "__main__":
    unittest.main()
