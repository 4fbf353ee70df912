"""Reclaim on the real emulator: what its trace points say is what the counters say.

From the repository's root, with the kernel built.
"""
import unittest

import system


def traced(run, name):
    """Return the arguments of a trace point's records, in their order."""
    return [event["args"] for event in run.events
            if event.get("event") == "trace" and event["name"] == name]


def total(records, field):
    return sum(one[field] for one in records)


class Traced(unittest.TestCase):
    def test_records_add_up_to_the_counters(self):
        run = system.boot(scenario="overcommit", mem="40", devices="card=16",
                          args="swap=card:16380 overcommit.mib=37 trace=on")
        self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
        count = run.counter
        inactive = traced(run, "mm_vmscan_lru_shrink_inactive")
        self.assertEqual(total(inactive, "nr_scanned"), count("pgscan_kswapd") + count("pgscan_direct"))
        self.assertEqual(total(inactive, "nr_reclaimed"),
                         count("pgsteal_kswapd") + count("pgsteal_direct"))
        self.assertEqual({one["flags"] for one in inactive}, {"RECLAIM_WB_ANON|RECLAIM_WB_ASYNC"})
        isolated = traced(run, "mm_vmscan_lru_isolate")
        self.assertEqual(total(isolated, "nr_scanned"), total(inactive, "nr_scanned") + count("pgrefill"))
        self.assertTrue(all(one["nr_taken"] <= one["nr_requested"] <= 32 for one in isolated))
        written = traced(run, "mm_vmscan_writepage")
        self.assertEqual(len(written), count("nr_vmscan_write"))
        self.assertGreater(len(written), 1000)
        woken = traced(run, "mm_vmscan_kswapd_wake")
        self.assertGreater(len(woken), 0)
        self.assertEqual(len(woken), count("pageoutrun"))
        self.assertLessEqual({one["zid"] for one in woken}, {0, 2, 3})  # 0: as §18.6 has it

    def test_kswapd_sleeps_when_all_is_well(self):
        run = system.boot(scenario="stall", mem="64", shift="4",
                          args="watchdog_ms=0 stall.holds_ms=200 trace=on")
        self.assertEqual(traced(run, "mm_vmscan_kswapd_sleep"), [{"nid": 0}])
        self.assertEqual(traced(run, "mm_vmscan_kswapd_wake"), [])


if __name__ == "__main__":
    unittest.main()
