"""Tests of the report parser and the identities, on the seeds' reports and on broken copies."""
import re
import unittest
from pathlib import Path

from reports import exact, gfp, identities, report

DATA = Path(__file__).parent / "data"


def text(name):
    return (DATA / f"{name}.txt").read_text(encoding="utf-8")


def placeless(found):
    """A report without where it was in its log."""
    return found | {"line": None}


def parse_one(log):
    [found] = report.parse(log.split("\n"))
    return placeless(found)


def stamped(log):
    return "\n".join(f"[    1.{number:06d}] {line}" for number, line in enumerate(log.split("\n")))


class Gfp(unittest.TestCase):
    def test_vectors_of_the_reference(self):
        for mask, names in ((0x24280CA, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"),
                            (0x2280020, "GFP_ATOMIC|__GFP_NOTRACK"),
                            (0x2284020, "GFP_ATOMIC|__GFP_COMP|__GFP_NOTRACK"),
                            (0x2285220, "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP"
                                        "|__GFP_NOTRACK"),
                            (0x24000C0, "GFP_KERNEL"), (0x26000C0, "GFP_KERNEL|__GFP_NOTRACK"),
                            (0x2400040, "GFP_NOFS"), (0x2000200, "GFP_NOWAIT|__GFP_NOWARN"),
                            (0, ""), (0x4000001, "GFP_DMA|0x4000000")):
            self.assertEqual(gfp.decode(mask), names)


class Seeds(unittest.TestCase):
    def test_oom_report(self):
        found = parse_one(text("seed_oom"))
        self.assertEqual((found["kind"], found["comm"], found["order"], found["oom_score_adj"]),
                         ("oom", "balloon", 0, 0))
        self.assertEqual(found["trigger"], {"comm": "balloon", "pid": 8473, "cpu": 1})
        self.assertEqual(len(found["call_trace"]), 10)
        zone = found["zones"]["DMA32"]
        self.assertEqual([zone[name] for name in ("free", "min", "low", "high", "managed")],
                         [4851, 1407, 1906, 2405, 507523])
        self.assertEqual(zone["free_by_type"], {"U": 0, "M": 0, "E": 0, "H": 4871})
        self.assertTrue(zone["all_free_H"])
        self.assertEqual(found["zones"]["DMA"]["lowmem_reserve"], [0, 1952, 1952, 1952])
        self.assertIsNone(found["victim"])
        self.assertEqual(found["malformed"], [])

    def test_allocation_failure(self):
        found = parse_one(text("seed_alloc_failure"))
        self.assertEqual((found["kind"], found["comm"], found["gfp_mask"]),
                         ("alloc-failure", "in:imklog", "0x2280020"))
        self.assertIsNone(found["zones"]["DMA"]["free_by_type"])  # (UE) cannot be split
        self.assertFalse(found["zones"]["DMA"]["all_free_H"])
        self.assertEqual(found["zones"]["DMA"]["buddy"][0],
                         {"order": 0, "count": 7, "types": "UE"})
        self.assertEqual(found["zones"]["DMA32"]["free_by_type"]["H"], 7532)
        self.assertEqual(len(found["call_trace"]), 26)

    def test_stamps_change_nothing(self):
        both = text("seed_oom") + text("seed_alloc_failure")
        self.assertEqual(report.parse(stamped(both).split("\n")), report.parse(both.split("\n")))

    def test_first_seed_is_inexact_in_three_ways_on_one_cpu(self):
        violated = identities.check(parse_one(text("seed_oom")), cpus=1)["violated"]
        self.assertEqual(violated, [
            "4-8 inactive_file of zones = nodes: expected 44, found 106",
            "9 free of DMA = buddy line: expected 2048, found 2047",
            "9 free of DMA32 = buddy line: expected 4871, found 4851",
            "free_pcp = sum of zones: expected 291, found 225"])

    def test_several_cpus_give_it_slack(self):
        found = parse_one(text("seed_oom"))
        self.assertEqual(identities.check(found, cpus=2, threshold=125)["violated"], [])
        self.assertTrue(identities.check(found, cpus=2, threshold=1)["violated"])

    def test_so_does_what_moved_while_it_was_printed(self):
        found = parse_one(text("seed_oom")) | {"moved": 500}
        self.assertEqual(identities.check(found, cpus=2, threshold=1)["violated"], [])
        self.assertTrue(identities.check(found, cpus=1)["violated"])  # one CPU does nothing else meanwhile

    def test_second_seed_is_exact(self):
        found = identities.check(parse_one(text("seed_alloc_failure")), cpus=1)
        self.assertEqual(found["violated"], [])
        self.assertGreater(found["checked"], 40)


class Clean(unittest.TestCase):
    def test_tasks_and_victim(self):
        found = parse_one(text("clean_oom"))
        self.assertEqual([row["name"] for row in found["tasks"]], ["spike", "idle app"])
        self.assertEqual(found["tasks"][1]["oom_score_adj"], -500)
        self.assertEqual(found["victim"], {
            "pid": 12, "comm": "spike", "score": 321, "total_vm_kb": 8000, "anon_rss_kb": 3600,
            "file_rss_kb": 0, "shmem_rss_kb": 0, "chosen_pid": 12, "chosen_comm": "spike"})
        self.assertEqual(found["call_trace"][1], "? out_of_memory+0x1ac/0x210")
        self.assertEqual(identities.check(found)["violated"], [])

    def test_a_panic_ends_it(self):
        """It prints memory once more, as it is by then."""
        lines = text("clean_oom").split("\n")
        later = [re.sub(r"(free|min):\d+kB", r"\1:4kB", line) for line in lines[1:]]
        both = report.parse(lines + ["Kernel panic - not syncing: Out of memory and no killable "
                                     "processes...", *later])
        self.assertEqual(both, report.parse(lines))

    def test_failure_inside_an_oom_report(self):
        lines = text("clean_oom").split("\n")
        inner = stamped(text("seed_alloc_failure")).split("\n")
        outer, nested = report.parse(lines[:9] + inner + lines[9:])
        self.assertEqual((outer["line"], nested["line"]), (1, 10))
        self.assertEqual(placeless(outer), parse_one(text("clean_oom")))
        self.assertEqual(placeless(nested), parse_one(text("seed_alloc_failure")))

    def test_report_cut_short_is_a_fault(self):
        cut = "\n".join(text("clean_oom").split("\n")[:17])
        violated = identities.check(parse_one(cut))["violated"]
        self.assertIn("form: expected a pages RAM line, found none", violated)
        self.assertIn("form: expected a buddy line for each zone, found none", violated)

    def test_event_gives_exact_types(self):
        found = parse_one(text("clean_oom"))
        split = {"U": 1, "M": 2, "E": 1, "H": 1024}
        event = {"kind": "oom", "zones": {"DMA": {"free_by_type": split,
                                                  "reserved_highatomic": 1024}}}
        self.assertEqual(exact.merge([found], [event]), [])
        self.assertEqual(found["zones"]["DMA"]["free_by_type"], split)
        self.assertEqual(identities.check(found)["violated"], [])
        found["zones"]["DMA"]["free_by_type"] = {"U": 2, "M": 2, "E": 0, "H": 1025}
        self.assertEqual(len(identities.check(found)["violated"]), 2)
        self.assertEqual(len(exact.merge([found], [event, event])), 1)


# What is changed in the clean report, and how the line that must catch it begins.
MUTATIONS = (
    ("gfp_mask=0x24280ca", "gfp_mask=0x24200ca", "names of gfp mask"),
    ("Comm: spike", "Comm: other", "comm of the CPU line"),
    ("36766 pages RAM", "36767 pages RAM", "1 "),
    ("2069 pages reserved", "2070 pages reserved", "2 "),
    (" free:3100 ", " free:3101 ", "3 "),
    ("active_anon:1000 ", "active_anon:1001 ", "4-8 active_anon of nodes"),
    ("active_anon:3600kB", "active_anon:3604kB", "4-8 active_anon of zones"),
    ("inactive_anon:0kB", "inactive_anon:4kB", "4-8 inactive_anon of zones"),
    ("mapped:28kB", "mapped:32kB", "4-8 mapped of nodes"),
    ("isolated(file):4kB", "isolated(file):8kB", "4-8 isolated_file of nodes"),
    ("pagetables:240kB", "pagetables:244kB", "4-8 pagetables"),
    ("slab_reclaimable:40 ", "slab_reclaimable:41 ", "4-8 slab_reclaimable"),
    ("slab_unreclaimable:180kB", "slab_unreclaimable:176kB", "4-8 slab_unreclaimable"),
    ("writeback:12kB", "writeback:16kB", "4-8 writeback of nodes"),
    ("writepending:24kB", "writepending:20kB", "8 writepending"),
    ("= 8288kB", "= 8292kB", "9 buddy line of DMA32 adds up"),
    ("1*64kB (H)", "2*64kB (H)", "9 free of DMA32"),
    ("0*16kB", "0*16kB (U)", "9 letters of DMA"),
    ("1*8kB (M)", "1*8kB", "9 letters of DMA"),
    ("60 pages in swap cache", "59 pages in swap cache", "10 "),
    ("Free swap  = 8kB", "Free swap  = 4100kB", "11 "),
    ("95 total pagecache", "89 total pagecache", "12 "),
    ("low:1252kB", "low:996kB", "low >= min of DMA32"),
    ("high:68kB", "high:52kB", "high >= low of DMA"),
    ("managed:15908kB", "managed:15996kB", "present >= managed of DMA"),
    ("free_pcp:12", "free_pcp:13", "free_pcp"),
    ("min:44kB", "min:45kB", "form: malformed min:45kB"),
    ("0*32kB", "0*36kB", "form: malformed buddy line of zone DMA"),
    ("[   13]     0    13 ", "[   13]     0    xx ", "form: malformed task table row"),
    ("Mem-Info:", "Call Trace:", None),
)


class Mutations(unittest.TestCase):
    def test_each_is_caught_by_its_identity(self):
        clean = text("clean_oom")
        for old, new, start in MUTATIONS:
            with self.subTest(new):
                self.assertIn(old, clean)
                violated = identities.check(parse_one(clean.replace(old, new, 1)))["violated"]
                if start is None:
                    self.assertEqual(violated, [])  # a stray heading spoils no number
                else:
                    self.assertTrue(any(line.startswith(start) for line in violated), violated)


if __name__ == "__main__":
    unittest.main()
