"""Disks at work on the real emulator: what is read is what was written, the log is the same however busy
the host is, and every request for memory on the way is Linux 4.8's.

From the repository's root, with the kernel built.
"""
import subprocess
import unittest

import system

DISKS = "disk=64 disk=32:legacy card=32"
SMALL = "disk.pages=32 disk.requests=2000"
BUSY = ["/usr/bin/python3", "-c", "while True: pass"]

# devices.md §34.1, §34.9, §40.4 and §41: (order, mask) of the first request for each.
REQUESTS_MAP = (4, 0x24092c0 & ~0x1000 | 0x1000 | 0x8000)
TABLE = {"1": {(0, 0x2281220), (1, 0x2285220), (2, 0x2285220), (3, 0x2285220)},
         "2": {(0, 0x2281220), (1, 0x2285220), (2, 0x2285220), (3, 0x2285220)}}
BIO = (0, 0x2211280)
VECTORS = 0x2215280


def disk(**options):
    return system.boot(scenario="disk", **{"mem": "128", "devices": "disk=64"} | options)


def right(test, run, name="vda"):
    """The run ended, and not a page of it was wrong."""
    test.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
    test.assertIn(f"{name}: ", run.console)
    test.assertNotIn(" errors", run.console.replace(" 0 errors", ""))
    test.assertEqual((run.counter("disk_pages_wrong"), run.counter("disk_errors")), (0, 0))
    test.assertGreater(run.counter("disk_pages_read"), 0)


class Work(unittest.TestCase):
    def test_both_disks_and_both_transports(self):
        for cpus in ("1", "4"):
            with self.subTest(cpus=cpus):
                run = disk(devices=DISKS, cpus=cpus, args="disk.requests=60")
                right(self, run, "card")
                self.assertEqual(run.counter("disks"), 3)

    def test_interrupts_as_they_come(self):
        """Ten thousand requests of 1 to 254 pieces."""
        run = disk(mode="fast", cpus="2", args="disk.requests=10000")
        right(self, run)
        self.assertGreater(run.counter("disk_pages_read") + run.counter("disk_pages_written"), 10 ** 6)

    def test_by_each_transport_and_interrupt(self):
        for args in ("virtio=legacy", "virtio=modern", "virtio=legacy msix=0", "virtio=modern msix=0"):
            for mode in ("exact", "fast"):
                with self.subTest(args=args, mode=mode):
                    right(self, disk(mode=mode, args=f"{args} disk.requests=40"))

    def test_a_patterned_disk_is_what_the_runner_wrote(self):
        run = disk(devices="disk=8:pattern:ro", args="disk.patterned=1 disk.pages=100 disk.requests=40")
        right(self, run)
        self.assertEqual(run.counter("disk_pages_written"), 0)

    def test_a_machine_without_one_is_refused(self):
        run = disk(devices="none")
        self.assertEqual(run.status, system.STATUS["refused"])
        self.assertEqual(run.error_line(), 'lowwater: machine: no disk; expected one at least '
                                           '(DEVICES="disk=64 card=32")')


class Exact(unittest.TestCase):
    def test_a_busy_host_changes_nothing(self):
        """2,000 requests, five runs with a loop beside, of one CPU and of several."""
        loop = subprocess.Popen(BUSY)
        self.addCleanup(loop.wait)
        self.addCleanup(loop.kill)
        for cpus in ("1", "2", "4"):
            runs = [disk(cpus=cpus, args=SMALL, again=True) for _ in range(5 if cpus == "2" else 2)]
            with self.subTest(cpus=cpus):
                right(self, runs[0])
                self.assertEqual(len({run.console for run in runs}), 1)

    def test_a_latency_is_what_it_is_said_to_be(self):
        """One page at a time: each takes what is modelled, and the seed may draw more."""
        one = "disk.pages=1 disk.together=1 disk.requests=50"
        plain, slow, drawn, other = (
            disk(args=f"{one} {more}", seed=seed) for more, seed in (
                ("", "1"), ("disk.latency_us=1100", "1"), ("disk.jitter_us=500", "1"),
                ("disk.jitter_us=500", "2")))
        times = [run.events[-1]["ns"] for run in (plain, slow, drawn, other)]
        self.assertAlmostEqual((times[1] - times[0]) / 51, 1e6, delta=5e4)
        self.assertGreater(times[2], times[0] + 50 * 100000)
        self.assertNotEqual(times[2], times[3])


class Memory(unittest.TestCase):
    """Every request for pages, by trace_page_alloc=1, is one that Linux 4.8 makes there."""

    def masks(self, cpus):
        run = disk(cpus=cpus, args="trace=on trace_page_alloc=1 disk.requests=40")
        right(self, run)
        asked = [(e["args"]["order"], e["args"]["gfp_flags"]) for e in run.events
                 if e.get("event") == "trace" and e["name"] == "mm_page_alloc"]
        return asked

    def test_of_a_request_and_of_a_disk(self):
        for cpus in ("1", "2"):
            with self.subTest(cpus=cpus):
                asked = self.masks(cpus)
                kinds = set(asked)
                self.assertEqual(asked.count((4, 0x24092c0 - 0x1000 + 0x1000)), 37)  # 592 pages of requests
                self.assertIn(BIO, kinds)
                self.assertTrue(any(mask == VECTORS for _, mask in kinds), kinds)
                tables = {one for one in kinds if one[1] & 0xfff == 0x220}
                self.assertTrue(tables and tables <= TABLE[cpus], tables)


if __name__ == "__main__":
    unittest.main()
