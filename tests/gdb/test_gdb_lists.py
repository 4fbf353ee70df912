"""GDB's helpers on cores of machines that have reclaimed: lists, swap, files in the cache."""
import re
import unittest

from gdb_case import Core, Base


class WithFiles(Base):
    """oracle-w5 with too little swap, at its kill: a file that is open and mapped, most of it evicted."""

    ASKED = ("lw-cache", "lw-cache 228 2047", "lw-cache 228 0", "lw-cache 228 2048", "lw-cache 9 0", "lw-cache 228",
             "lw-file", "lw-file 3", "lw-file 77")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = Core.shared("oracle-w5", "oom", 32, "--devices", "disk=40:ext2:ro disk=8", "--args",
                               "swap=vdb:4092 root=vda oracle-w5.file_mib=8 oracle-w5.mib=100 oracle-w5.others=0")
        cls.answers = dict(zip(cls.ASKED, cls.core.gdb(*cls.ASKED)))

    def test_files(self):
        row = re.search(r"(?m)^inode 228 +2048 +(\d+) +(\d+) +1 +1$", self.answers["lw-cache"])
        cached = re.search(r"active_file:(\d+) inactive_file:(\d+) isolated_file:(\d+)", self.core.console)
        on_pagevecs = 15
        self.assertAlmostEqual(int(row[1]), sum(map(int, cached.groups())), delta=on_pagevecs)
        self.assertGreater(int(row[2]), 0)  # of those that were evicted
        self.assertRegex(self.answers["lw-cache"], rf"(?m)^1 files, {row[1]} pages; \d+ nodes of shadows alone$")

    def test_a_place(self):
        shown = self.answers["lw-cache 228 2047"], self.answers["lw-cache 228 0"]
        for text in shown:
            self.assertRegex(text, r"^page (2047|0) of inode 228: (page frame \d+|not in memory)")
        self.assertTrue(any("not in memory" in text for text in shown), shown)
        self.assertIn("page 2048: expected 0 to 2047", self.answers["lw-cache 228 2048"])
        self.assertIn("inode 9: expected one of 228", self.answers["lw-cache 9 0"])
        self.assertIn("expected `lw-cache [INODE PAGE]`", self.answers["lw-cache 228"])

    def test_who_has_it_open(self):
        opened = r"pid 3 \(grower\): 0 is inode 228, at byte 0; window of 32 pages from \d+, the next one \d+ before"
        mapped = r"(?m)^inode 228 is mapped at 0x1000000000 to 0x1000800000 by pid 3 \(grower\)$"
        for asked in ("lw-file", "lw-file 3"):
            self.assertRegex(self.answers[asked], opened)
            self.assertRegex(self.answers[asked], mapped)
        self.assertEqual(self.answers["lw-file 77"].strip(), "pid 77 has no file open by a descriptor")


class WithSwap(Base):
    """oracle-w1 with too little swap, at its kill: lists and slots are those of the report."""

    OLDEST = ("((unsigned long)system_memory.node.lru.list[0].prev - (unsigned long)system_memory.mem_map)"
              " / sizeof(struct page)")
    ASKED = ("lw-lru", "lw-lru inactive_anon 3", "lw-swap", "lw-swap card 123", f"lw-page {OLDEST}",
             f"lw-page {OLDEST} + 1", "lw-swap card 2048", "lw-swap /dev/disk 1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = Core.shared("oracle-w1", "oom", 64, "--devices", "card=8", "--args",
                               "swap=card:8188 oracle-w1.mib=100 oracle-w1.others=0")
        cls.answers = dict(zip(cls.ASKED, cls.core.gdb(*cls.ASKED)))

    def printed(self, pattern):
        return re.search(pattern, self.core.console)

    def test_lists_by_zone(self):
        shown = self.answers["lw-lru"]
        total = self.printed(r"active_anon:(\d+) inactive_anon:(\d+) isolated_anon")
        for number, name in ((2, "inactive_anon"), (1, "active_anon")):
            row = re.search(rf"(?m)^{name} +(\d+) +(\d+) +(\d+)$", shown)
            self.assertEqual(row[1], total[number])
            zones = [self.printed(rf"{zone} free:.* {name}:(\d+)kB")[1] for zone in ("DMA", "DMA32")]
            self.assertEqual([4 * int(row[2]), 4 * int(row[3])], [int(kb) for kb in zones])
        self.assertRegex(shown, r"(?m)^CPU 0 waits with: add \d+, rotate 0, deactivate_file 0, activate \d+$")
        self.assertRegex(shown, r"(?m)^anon: recent_scanned [1-9]\d*, recent_rotated \d+$")
        self.assertRegex(shown, r"(?m)^kswapd .*sleeps?; wanted of it: order \d+, classzone \d \(\w+\); node ")

    def test_a_list_s_ends(self):
        lines = self.answers["lw-lru inactive_anon 3"].splitlines()
        total = int(re.fullmatch(r"inactive_anon: (\d+) pages", lines[0])[1])
        self.assertEqual(lines[4], f"  ... {total - 6} more ...")
        self.assertEqual(len(lines), 8)
        for line in lines[1:4] + lines[5:]:
            self.assertRegex(line, r"^  page frame \d+ of DMA(32)?: lru; refcount 1, mapcount 1$")
        oldest = re.search(r"page frame (\d+) ", self.answers[f"lw-page {self.OLDEST}"])[1]
        self.assertIn(f"page frame {oldest} of ", lines[-1])

    def test_areas_and_a_slot(self):
        shown = self.answers["lw-swap"]
        add, delete, find = self.printed(r"Swap cache stats: add (\d+), delete (\d+), find (\S+)").groups()
        self.assertIn(f", add {add}, delete {delete}, find {find}", shown)
        cached = re.search(r"\n2047 slots, 0 free; swap cache: (\d+) pages, ", shown)[1]
        self.assertRegex(shown, rf"(?m)^card +-1 +2047 +2047 +{cached} +2048 +0 ")
        self.assertIn("\n  0 free clusters; next CPU 0: ", shown)
        self.assertEqual(self.answers["lw-swap card 123"], "slot 123 of card: byte 0x01: 1 table names it")
        self.assert_one_line(self.answers["lw-swap card 2048"], "expected a slot from 1 to 2047")
        self.assert_one_line(self.answers["lw-swap /dev/disk 1"], "area '/dev/disk': expected one of card")

    def test_a_page_on_its_list_and_who_maps_it(self):
        first, second = (self.answers[f"lw-page {self.OLDEST}{more}"] for more in ("", " + 1"))
        self.assertIn("  on inactive_anon, 0 pages before its end, where reclaim begins\n", first)
        self.assertRegex(second, r"(?m)^  on (in)?active_anon, \d+ pages (before its end|behind its newest)")
        self.assertIn("\n  is lru\n", first)
        self.assertRegex(first, r"(?m)^  mapped by pid \d+ \(overcommit\) at 0x10\w{5}000, not young, dirty; "
                                r"VMA 0x1000000000 to 0x10064\w{5}, writable$")


if __name__ == "__main__":
    unittest.main()
