"""Tests of where a report begins and ends, whose lines are whose, and what is not understood."""
import re
import unittest

from reports import identities, report
from results import table
from test_report import parse_one, placeless, stamped, text

NEXT = """Mem-Info:
active_anon:7 inactive_anon:7 isolated_anon:7
DMA free:44kB min:4kB low:8kB high:12kB present:100kB managed:100kB
lowmem_reserve[]: 7 7 7 7
DMA: 11*4kB (M) = 44kB
7 pages RAM
Killed process 7 (other) total-vm:28kB, anon-rss:28kB, file-rss:0kB, shmem-rss:0kB"""


def before_the_kill(log):
    """The clean report up to its task table, as lines."""
    lines = log.split("\n")
    return lines[:next(n for n, line in enumerate(lines) if "Kill process" in line)]


class Ends(unittest.TestCase):
    """What is printed after a report changes nothing in it."""

    def check_over(self, follows):
        lines = before_the_kill(text("clean_oom"))
        [found] = report.parse(lines + follows.split("\n"))
        self.assertEqual(placeless(found), parse_one("\n".join(lines)))
        self.assertIsNone(found["victim"])

    def test_at_a_second_mem_info(self):
        self.check_over(NEXT)
        self.check_over(stamped(NEXT))
        self.check_over("host7 > " + NEXT.replace("\n", "\nhost7 > "))

    def test_at_a_panic(self):
        self.check_over("Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is "
                        "enabled\n" + NEXT.removeprefix("Mem-Info:\n"))

    def test_at_a_call_trace_after_the_trailer(self):
        self.check_over("Call Trace:\n [<ffffffff80101234>] other+0x1/0x2\n"
                        + NEXT.removeprefix("Mem-Info:\n"))

    def test_where_a_zone_is_told_again(self):
        self.check_over("\n".join(NEXT.split("\n")[2:]))
        self.check_over("\n".join(NEXT.split("\n")[4:]))

    def test_but_not_at_its_own(self):
        found = parse_one(text("clean_oom"))
        self.assertEqual((found["victim"]["comm"], len(found["call_trace"])), ("spike", 2))

    def test_a_failure_cut_short_gives_way(self):
        lines = text("clean_oom").split("\n")
        at = next(n for n, line in enumerate(lines) if line.endswith("Mem-Info:"))
        for length in range(1, 40):
            inner = text("seed_alloc_failure").split("\n")[:length]
            if length > 30:
                self.assertIn("Mem-Info:", inner)
                outer, nested = report.parse(lines[:at] + inner + lines[at:])
                self.assertEqual(placeless(outer), parse_one(text("clean_oom")))
                self.assertEqual(placeless(nested), parse_one("\n".join(inner)))
            else:
                outer, nested = report.parse(lines[:9] + inner)
                self.assertEqual((nested["comm"], nested["zones"]), ("in:imklog", {}))


class Zones(unittest.TestCase):
    def test_by_node(self):
        zones = parse_one(text("linux_3.10_numa"))["zones"]
        self.assertEqual({name: (zone["free"], zone["min"], zone["buddy_total"])
                          for name, zone in zones.items()},
                         {"DMA32": (14932, 1958, 15917), "Normal": (9173, 9196, 9565),
                          "Node 1 Normal": (12359, 11361, 12709)})
        self.assertEqual(zones["DMA32"]["lowmem_reserve"], [0, 0, 13055, 13055])
        self.assertEqual(zones["Node 1 Normal"]["lowmem_reserve"], [0, 0, 0, 0])

    def test_a_reserve_without_its_zone_is_nobodys(self):
        lines = text("clean_oom").split("\n")
        at = next(n for n, line in enumerate(lines) if "DMA32 free:" in line)
        lines[at] = "[    0.4] DMA32 fr@e:12400kB min:996kB"
        found = parse_one("\n".join(lines))
        self.assertEqual(found["zones"]["DMA"]["lowmem_reserve"],
                         parse_one(text("clean_oom"))["zones"]["DMA"]["lowmem_reserve"])
        self.assertEqual(found["unread"], {"count": 2, "first": [
            "DMA32 fr@e:12400kB min:996kB", "lowmem_reserve[]: 0 0 0 0"]})

    def test_nothing_free_is_not_all_h(self):
        log = re.sub(r"DMA32: .*", "DMA32: 0*4kB 0*8kB = 0kB", text("clean_oom"))
        self.assertIs(parse_one(log)["zones"]["DMA32"]["all_free_H"], False)


class Preferred(unittest.TestCase):
    def zone(self, mask="0x24280ca", log="clean_oom", **changes):
        log = text(log).replace("0x24280ca", mask)
        for old, new in changes.items():
            log = log.replace(old, new)
        return parse_one(log)["preferred"]

    def test_by_the_requests_mask(self):
        for mask, zone in (("0x24280ca", "DMA32"), ("0x24000c0", "DMA32"), ("0x1", "DMA"),
                           ("0x24000c4", "DMA32"), ("0x9", "DMA"), ("0", "DMA32"), ("0x3", None)):
            self.assertEqual(self.zone(mask), zone, mask)

    def test_normal_comes_before_dma32(self):
        self.assertEqual(self.zone(DMA32="Normal"), "Normal")
        self.assertEqual(self.zone("0x24000c4", DMA32="Normal"), "DMA")

    def test_a_zone_without_managed_pages_is_on_no_list(self):
        log = re.sub(r"(DMA32 free:.* managed:)\d+kB", r"\g<1>0kB", text("clean_oom"))
        self.assertEqual(parse_one(log)["preferred"], "DMA")

    def test_not_of_another_kernels_mask(self):
        for name in ("linux_2.6.32_syslog", "linux_3.10_numa", "linux_6.10_syslog"):
            found = parse_one(text(name))
            self.assertIsNone(found["preferred"])
            self.assertEqual([line for line in identities.check(found)["violated"]
                              if "mask" in line], [])
        for release in ("4.9.0", "4.80.1", "5.4.8.1", ""):
            log = text("clean_oom").replace(" 4.8.0-lowwater", " " + release)
            self.assertIsNone(parse_one(log)["preferred"], release)

    def test_the_summary_is_of_that_zone(self):
        found = parse_one(text("clean_oom").replace("0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)",
                                                    "0x1(GFP_DMA)"))
        self.assertIn("; DMA free 1028 min 11; killed", table.summary(1, found))
        found = parse_one(text("linux_2.6.32_syslog"))
        self.assertEqual(table.summary(1, found),
                         "report 1: oom in dsm_sa_datamgrd/4917, order 0 0x201da; "
                         "killed haproxy/20557 score 133")


class Prefixes(unittest.TestCase):
    KNOWN = ("[  1.000001] ", "<4>[  1.000001] ", "[  1.000001][  T12] ", "[  1.000001][    C3] ",
             "Nov 24 19:52:22 host-1 kernel: ", "Nov  4 19:52:22 host kernel: [  1.000001] ",
             "[Jul31 01:56] ", "[  +0.000004] ", "  ", "> ", ">", "> > ", "kern: ",
             "[Di Aug 12 03:54:03 2025] ", "2025-08-12T03:54:03+0200 host kernel: ",
             "2025-08-12T03:54:03.123456Z stdout F ", "kern  :warn  : [  1.000001] ",
             "[  1.000001] host kernel: ", "<4>1 2025-08-12T03:54:03Z host kernel - - - ")
    UNKNOWN = ("host7 | ", "2025-08-12T03:54:03 host: ", "x ", "vm12[7]: ", "%KERN-4: ")

    def with_prefix(self, prefix, name="seed_oom"):
        return parse_one("\n".join(prefix + line for line in text(name).split("\n")))

    def test_known_ones_change_nothing(self):
        for prefix in self.KNOWN:
            with self.subTest(prefix):
                self.assertEqual(self.with_prefix(prefix), parse_one(text("seed_oom")))

    def test_unknown_ones_become_no_name(self):
        for prefix in self.UNKNOWN:
            with self.subTest(prefix):
                found = self.with_prefix(prefix)
                self.assertEqual((found["comm"], found["trigger"]["comm"]), ("balloon",) * 2)
                self.assertEqual(found["zones"], parse_one(text("seed_oom"))["zones"])

    def test_what_stands_before_mem_info_stands_before_all_of_it(self):
        lines = [f"web{n:04}: {line}" for n, line in enumerate(text("seed_oom").split("\n"))]
        self.assertEqual(parse_one("\n".join(lines))["zones"], parse_one(text("seed_oom"))["zones"])
        other = [line if "Mem-Info" in line else f"db7 {line}" for line in lines]
        self.assertEqual(parse_one("\n".join(other))["zones"], {})

    def test_without_a_cpu_line_a_name_is_unknown(self):
        lines = [line for line in text("clean_oom").split("\n") if "CPU: " not in line]
        lines[0] = lines[0].replace(" spike invoked", " web-7 says: spike invoked")
        found = parse_one("\n".join(lines))
        self.assertIsNone(found["comm"])
        self.assertIn("oom in ?, order 0", table.summary(1, found))

    def test_a_name_with_blanks_and_colons_stays(self):
        for name in ("Web Content", "rs:main Q:Reg", "(sd-pam)", "kworker/u8:2", "a invoked b"):
            log = text("clean_oom").replace("spike invoked", f"{name} invoked")
            found = parse_one(log.replace("Comm: spike", f"Comm: {name}"))
            self.assertEqual((found["comm"], found["trigger"]["comm"]), (name, name))


class Unread(unittest.TestCase):
    def test_clean_reports_have_none(self):
        for name in ("clean_oom", "seed_oom", "seed_alloc_failure"):
            self.assertEqual(parse_one(text(name))["unread"], {"count": 0, "first": []}, name)

    def test_the_verdicts_lines_are_understood(self):
        for line in ("verdict: DMA32: 310 free, 0 of them highatomic", "AVOIDABLE: 5 pages of DMA",
                     "UNAVOIDABLE: too little for order 0: DMA32 by 5 pages", "note: 12 pages of",
                     "note: swap: 0 of 63999 slots free, so 9 anonymous pages were not reclaimable",
                     "FRAGMENTED: DMA32: 48 available", "nothing to judge: DMA32 would serve it"):
            lines = before_the_kill(text("clean_oom")) + [f"[    0.412] {line}"]
            self.assertEqual(parse_one("\n".join(lines))["unread"]["count"], 0, line)

    def test_others_are_counted_and_the_first_are_shown(self):
        lines = before_the_kill(text("clean_oom"))
        found = parse_one("\n".join(lines + [f"[ 1.0] line {n} " + "x" * 200 for n in range(9)]))
        self.assertEqual(found["unread"]["count"], 9)
        self.assertEqual([line[:7] for line in found["unread"]["first"]],
                         ["line 0 ", "line 1 ", "line 2 "])
        self.assertTrue(all(len(line) == 120 for line in found["unread"]["first"]))


class OtherKernels(unittest.TestCase):
    """Read as far as their lines are like 4.8's; the rest is counted, not guessed."""

    def test_2_6_32(self):
        found = parse_one(text("linux_2.6.32_syslog"))
        self.assertEqual((found["comm"], found["release"], found["gfp_mask"], found["gfp_flags"]),
                         ("dsm_sa_datamgrd", "2.6.32-279.19.1.el6.x86_64", "0x201da", None))
        self.assertEqual(found["trigger"], {"comm": "dsm_sa_datamgrd", "pid": 4917, "cpu": None})
        self.assertEqual(found["tasks"][0], {
            "pid": 1997, "uid": 0, "tgid": 1997, "total_vm": 82373, "rss": 196, "cpu": 0,
            "oom_adj": 0, "oom_score_adj": 0, "name": "rsyslogd"})
        self.assertEqual((found["victim"]["comm"], found["victim"]["shmem_rss_kb"]),
                         ("haproxy", None))
        self.assertEqual((found["trailer"]["shared"], found["trailer"]["non_shared"]), (1110, 3295246))
        self.assertEqual(found["unread"], {"count": 0, "first": []})

    def test_6_10(self):
        found = parse_one(text("linux_6.10_syslog"))
        self.assertEqual((found["comm"], found["order"], found["gfp_flags"]),
                         ("t_open_tmpfiles", 1, "GFP_KERNEL|__GFP_COMP"))
        self.assertEqual(found["zones"]["Normal"]["reserved_highatomic"], 1024)
        self.assertEqual(found["tasks"][0]["rss_file"], 129)
        self.assertEqual((found["victim"]["comm"], found["victim"]["score"]), ("531", None))


if __name__ == "__main__":
    unittest.main()
