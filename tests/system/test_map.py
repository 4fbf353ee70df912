"""Pictures of a run on the real emulator: maps of pageblocks, and samples at the moments that matter.

From the repository's root, with the kernel built.
"""
import unittest

import system
from results import events

MAP = "sample_us=4000 map_us=4000"  # as MAP=1
SMALL = {"scenario": "spike", "mem": "512"}
KINDS = {"zones", "map", "memory_sample"}


def blocks_at(said, zone, ns):
    """Return a zone's pageblocks as (type, use) by the last map of it until then."""
    return events.cells([one["cells"] for one in said.map if one["zone"] == zone and one["ns"] <= ns][-1])


class Spike(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.runs = system.repeated(**SMALL, args=MAP)
        cls.said = events.parse(cls.runs[0].channel)

    def test_the_same_twice(self):
        first, second = self.runs
        self.assertEqual(first.status, system.STATUS["finished"], first.console[-600:])
        self.assertEqual((first.channel, first.console), (second.channel, second.console))
        self.assertEqual(self.said.notes, [])

    def test_each_map_has_all_pageblocks_of_its_zone(self):
        self.assertEqual({one["zone"] for one in self.said.map}, {"DMA", "DMA32"})
        self.assertEqual({zone: one["pageblocks"] for zone, one in self.said.zones.items()}, {"DMA": 4, "DMA32": 124})
        for one in self.said.map:
            self.assertEqual(len(events.cells(one["cells"])), self.said.zones[one["zone"]]["pageblocks"])

    def test_only_zones_that_changed_are_told(self):
        for zone in self.said.zones:
            told = [one["cells"] for one in self.said.map if one["zone"] == zone]
            self.assertTrue(all(a != b for a, b in zip(told, told[1:])))

    def test_as_many_as_ticks_and_not_much(self):
        dma32 = [one for one in self.said.map if one["zone"] == "DMA32"]
        self.assertGreater(len(dma32), 50)
        self.assertLess(sum(len(line) for line in self.runs[0].channel.splitlines() if '"map"' in line), 512 << 10)

    def test_at_each_moment_reserved_pageblocks_are_the_reserve(self):
        whys = [one["why"] for one in self.said.memory_samples]
        self.assertEqual([why for why in whys if why != "sample"], ["oom", "kill"])
        for one in self.said.memory_samples:
            if one["why"] == "sample":
                continue
            for zone, pages in one["reserved"].items():
                tagged = [cell for cell in blocks_at(self.said, zone, one["ns"]) if cell[0] == "H"]
                self.assertEqual(len(tagged) * self.said.zones[zone]["pageblock_pages"], pages)
            self.assertGreater(one["reserved"]["DMA32"], 0)
        [kill] = [one for one in self.said.memory_samples if one["why"] == "kill"]
        self.assertEqual((kill["kills"], kill["reaps"]), (1, 0))

    def test_what_is_free_is_what_a_map_shows(self):
        """A digit says how many pages of a pageblock are free to a fourteenth of them."""
        [kill] = [one for one in self.said.memory_samples if one["why"] == "kill"]
        for zone, free in kill["free"].items():
            pages = self.said.zones[zone]["pageblock_pages"]
            cells = blocks_at(self.said, zone, kill["ns"])
            least = sum({0: pages, 15: 0}.get(use, pages - use * pages // 14) for _, use in cells)
            most = sum({0: pages, 15: 0}.get(use, pages - (use - 1) * pages // 14) for _, use in cells)
            self.assertTrue(least <= free <= most, (zone, least, free, most))

    def test_the_last_one_is_of_the_end(self):
        dma32 = [one for one in self.said.map if one["zone"] == "DMA32"]
        last = events.cells(dma32[-1]["cells"])
        self.assertGreater(sum(use == 0 for _, use in last), 100)
        self.assertLess(self.said.end["ns"] - dma32[-1]["ns"], 1_000_000)

    def test_nothing_of_it_is_on_the_console(self):
        self.assertNotRegex(self.runs[0].console, "cells|memory_sample|[{]")

    def test_unasked_there_is_none(self):
        plain = system.boot(**SMALL)
        self.assertEqual([one for one in plain.events if one.get("event") in KINDS], [])


class Moments(unittest.TestCase):
    def whys(self, scenario, patch, args=MAP):
        run = system.study(scenario, patch, "--args", args)
        self.assertTrue(run.result["as_expected"], run.result["failed_checks"])
        self.assertEqual({one["zone"] for one in run.result["map"]}, set(run.result["zones"]))
        return run.result, [one["why"] for one in run.result["memory_samples"] if one["why"] != "sample"]

    def test_release(self):
        result, whys = self.whys("victim-reserves", "all")
        self.assertEqual((whys.count("oom"), whys.count("kill")), (2, 2))
        self.assertGreater(whys.count("release"), 0)
        self.assertLessEqual(whys.count("release"), result["counters"]["highatomic_released_blocks"])

    def test_reap(self):
        result, whys = self.whys("lockup", "oom-reaper")
        self.assertEqual(whys, ["oom", "kill", "reap"])
        [reap] = [one for one in result["memory_samples"] if one["why"] == "reap"]
        self.assertEqual((reap["kills"], reap["reaps"]), (1, 1))

    def test_a_run_that_is_stuck_has_its_last_map(self):
        result, whys = self.whys("notifier", "none", "map_us=60000000")
        self.assertEqual((result["outcome"], whys), ("lockup", []))
        self.assertEqual([one["zone"] for one in result["map"]], ["DMA", "DMA32"] * 2)
        self.assertLess(result["virtual_ns"] - result["map"][-1]["ns"], 10_000_000)


if __name__ == "__main__":
    unittest.main()
