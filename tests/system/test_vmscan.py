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
        run = system.boot(scenario="oracle-w1", mem="40", devices="card=16",
                          args="swap=card:16380 oracle-w1.mib=37 oracle-w1.reread=4 oracle-w1.others=0 trace=on")
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


class Samples(unittest.TestCase):
    MACHINE = {"scenario": "oracle-w1", "mem": "40", "devices": "card=16"}
    ARGS = "swap=card:16380 oracle-w1.mib=37 oracle-w1.reread=4 oracle-w1.others=0"

    def test_lists_and_swap_over_time(self):
        first, second = system.repeated(**self.MACHINE, args=f"{self.ARGS} sample_us=4000")
        self.assertEqual((first.channel, first.console), (second.channel, second.console))
        start = next(event for event in first.events if event.get("event") == "start")
        end = next(event for event in first.events if event.get("event") == "end")
        samples = [event for event in first.events
                   if event.get("event") == "memory_sample" and event["why"] == "sample"]
        self.assertEqual(len(samples), (end["ns"] - start["ns"]) // 4_000_000 + 1)
        # A tick waits for whoever has interrupts off.
        apart = [b["ns"] - a["ns"] for a, b in zip(samples[1:], samples[2:])]
        self.assertTrue(all(3_000_000 < ns < 5_000_000 for ns in apart), apart)
        self.assertEqual(samples[0]["swap_free"], 4095)
        self.assertLess(min(one["swap_free"] for one in samples), 4095 - 512)
        self.assertGreater(max(one["swap_cached"] for one in samples), 0)
        most = max(one["inactive_anon"] + one["active_anon"] for one in samples)
        self.assertTrue(37 * 256 - 4095 < most < 40 * 256, most)
        self.assertLess(min(sum(one["free"].values()) for one in samples), 1024)

    def test_they_are_in_the_result(self):
        options = ("--mem", "40", "--devices", "card=16", "--args")
        run = system.study("oracle-w1", "none", *options, f"{self.ARGS} sample_us=10001")
        samples = run.result["memory_samples"]
        self.assertGreater(len(samples), 2)
        # Of ticks of 4 ms each.
        self.assertTrue(11e6 < samples[2]["ns"] - samples[1]["ns"] < 13e6, samples[:3])
        self.assertEqual({tuple(one["free"]) for one in samples}, {("DMA", "DMA32")})

    def test_unasked_there_are_none(self):
        self.assertEqual(system.study("info", "none", "--mem", "64").result["memory_samples"], [])


class Verdict(unittest.TestCase):
    def test_swap_is_full_at_the_kill(self):
        run = system.study("oracle-w1", "none", "--mem", "64", "--devices", "card=8", "--args",
                           "swap=card:8188 oracle-w1.mib=100")
        [report] = run.result["reports"]
        swap = report["verdict"]["swap"]
        self.assertEqual((swap["slots"], swap["free"], swap["limit"]), (2047, 0, True))
        # What the report counts in each zone; nothing is left on a pagevec while a kill is reported.
        lists = sum(report["zones"][zone][name] for zone in ("DMA", "DMA32")
                    for name in ("active_anon", "inactive_anon"))
        self.assertEqual(swap["anon"], lists)
        self.assertEqual(report["unread"]["count"], 0)
        # Avoidable, if swap's own nodes have made a reserve by then.
        self.assertRegex(run.shown, "; (un)?avoidable, swap full; killed overcommit/")
        self.assertRegex((run.folder / "console.log").read_text(), rf"(?m)\] note: swap: 0 of 2047 slots free, so "
                         rf"{swap['anon']} anonymous pages were not reclaimable$")


if __name__ == "__main__":
    unittest.main()
