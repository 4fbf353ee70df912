"""Swap on the real emulator: the scenarios of pages that go out and come back, and the requests for memory on
that way, which are Linux 4.8's.

From the repository's root, with the kernel built.
"""
import unittest

import system

# (order, mask) of a request for pages (reclaim.md §26), by the CPUs where that matters (§30c).
NODE = {"1": (1, 0x2285230), "2": (1, 0x2285230), "4": (2, 0x2285230)}  # of the swap cache, at swap-out
SMALL_NODE = (0, 0x2284230)  # the second request for it
ATOMIC = "gfp:0x80000"  # the requests that are refused on purpose: of GFP_ATOMIC
PAGE = (0, 0x24200ca)  # of a page that is read
TABLE = (0, 0x2281220)  # of virtio, of single pages and of windows


def swaptest(**options):
    return system.boot(scenario="swaptest", **{"mem": "128", "devices": "disk=16 card=8"} | options)


def requests(run):
    """The (order, mask)s behind the boot."""
    start = next(n for n, event in enumerate(run.events) if event.get("event") == "start")
    return [(event["args"]["order"], event["args"]["gfp_flags"]) for event in run.events[start:]
            if event.get("event") == "trace" and event["name"] == "mm_page_alloc"]


class Arms(unittest.TestCase):
    """As declared: pages keep their contents, swapoff brings them back, a reaper gives slots back."""

    def test_on_several_cpus(self):
        for scenario, patch in (("swaptest", "none"), ("swapped-victim", "none"), ("swapped-victim", "oom-reaper"),
                                ("swapped-victim", "all")):
            for cpus in ("1", "2", "4"):
                with self.subTest(scenario=scenario, patch=patch, cpus=cpus):
                    run = system.study(scenario, patch, "--cpus", cpus)
                    self.assertEqual(run.code, 0, run.shown)

    def test_in_a_debug_build(self):
        """Which looks at the contents of every page that comes back."""
        for scenario, patch in (("swaptest", "none"), ("swapped-victim", "oom-reaper")):
            with self.subTest(scenario=scenario):
                run = system.study(scenario, patch, "--cpus", "2", "--build", "debug")
                self.assertEqual(run.code, 0, run.shown)


class Masks(unittest.TestCase):
    def run_traced(self, cpus, args=""):
        run = swaptest(cpus=cpus, args="swap=card:4092:5,disk:4092:5 trace=on trace_page_alloc=1" + args)
        self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
        self.assertEqual(run.counter("ktap_failed"), 0)
        return requests(run)

    def test_of_the_swap_cache_s_nodes(self):
        """Swap-out is a generator of atomic requests of order 1 or 2 (facts §13.1, last row)."""
        for cpus, node in NODE.items():
            with self.subTest(cpus=cpus):
                made = self.run_traced(cpus)
                self.assertGreater(made.count(node), 10)
                self.assertNotIn(SMALL_NODE, made)
                self.assertTrue({PAGE, TABLE} <= set(made))

    def test_refused_at_that_order_they_are_single_pages(self):
        made = self.run_traced("1", f" fail_page_alloc=ignore-gfp-wait:1,min-order:1,interval:1,times:-1,{ATOMIC}")
        self.assertGreater(made.count(NODE["1"]), 10)
        self.assertEqual(made.count(NODE["1"]), made.count(SMALL_NODE))


if __name__ == "__main__":
    unittest.main()
