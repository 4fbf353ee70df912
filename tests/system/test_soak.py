"""The long mix, for a short time: everything at once, and all as it was after each phase.

From the repository's root, with the kernel built. `make sweep SCENARIO=soak` is for a night.
"""
import re
import unittest

import system

ARGS = "soak.minutes=1 soak.phase_ms=20000 swap=card:16380:5,vdb:16380:3 root=vda watchdog_ms=600000"
MIX = {"scenario": "soak", "mem": "48", "shift": "6", "args": ARGS,
       "devices": "disk=32:ext4:ro disk=16 balloon=deflate card=16"}


class Soak(unittest.TestCase):
    def test_a_minute_on_one_cpu(self):
        self.whole(system.boot(patch="none", cpus="1", seed="3", **MIX))

    def test_a_minute_on_two_and_the_same_log_twice(self):
        first, second = system.repeated(patch="all", cpus="2", seed="5", **MIX)
        self.whole(first)
        self.assertEqual(first.console, second.console)

    def whole(self, run):
        self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
        phases = re.findall(r"phase (\d+): \d+ apps, (\d+) ended well, (\d+) killed", run.console)
        self.assertEqual([int(one[0]) for one in phases], list(range(1, run.counter("soak_phases") + 1)))
        self.assertGreaterEqual(run.counter("oom_kills"), 1)
        for name in ("soak_ended_well", "soak_targets", "pswpout", "pswpin", "balloon_inflate"):
            self.assertGreater(run.counter(name), 0, name)
        self.assertEqual(run.counter("balloon_inflate"), run.counter("balloon_deflate"))
        self.assertIn("all pages returned; mm_validate found nothing", run.console)


if __name__ == "__main__":
    unittest.main()
