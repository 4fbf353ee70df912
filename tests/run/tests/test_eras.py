"""Tests of what kernels of other eras mean: versions, masks, watermark rules. Values: reference eras-masks."""
import re
import unittest
from pathlib import Path

from eras import masks, release, rules

COMPOSITES = {  # §1.4
    "GFP_NOWAIT": (0x0, 0x2000000, 0x1000000, 0x400000, 0x800, 0x800),
    "GFP_ATOMIC": (0x20, 0x2080020, 0x1080020, 0x480020, 0xa20, 0x820),
    "GFP_NOIO": (0x10, 0x2400000, 0x1400000, 0x600000, 0xc00, 0xc00),
    "GFP_NOFS": (0x50, 0x2400040, 0x1400040, 0x600040, 0xc40, 0xc40),
    "GFP_KERNEL": (0xd0, 0x24000c0, 0x14000c0, 0x6000c0, 0xcc0, 0xcc0),
    "GFP_USER": (0x200d0, 0x24200c0, 0x14200c0, 0x6200c0, 0x100cc0, 0x100cc0),
    "GFP_HIGHUSER": (0x200d2, 0x24200c2, 0x14200c2, 0x6200c2, 0x100cc2, 0x100cc2),
    "GFP_HIGHUSER_MOVABLE": (0x200da, 0x24200ca, 0x14200ca, 0x6200ca, 0x100cca, 0x100cca),
    "GFP_TRANSHUGE": (0x4352da, 0x4342ca, 0x4342ca, 0x2342ca, 0x1c24ca, 0x1c24ca),
}
ERAS = ((3, 2, 0), (4, 8, 15), (4, 12, 0), (4, 19, 0), (5, 4, 18), (6, 4, 6))


class Release(unittest.TestCase):
    def test_versions(self):
        for text, version in (("4.8.0-rc7-00219-g3f74c9559583-dirty", (4, 8, 0)), ("5.4.26", (5, 4, 26)),
                              ("2.6.32-279.19.1.el6.x86_64", (2, 6, 32)), ("6.1.1-arch1-1", (6, 1, 1)),
                              ("5.19-rc1", (5, 19, 0)), ("4.5.0-rc5-next-20160225-dbg", (4, 6, 0)),
                              ("4.7.0-06816-g797cee982eef-dirty", (4, 8, 0)), ("5.4.0-next-20191204+", (5, 5, 0)),
                              ("4.4.0-21-generic", (4, 4, 0)), ("", None), (None, None), ("x", None)):
            self.assertEqual(release.version(text), version, text)

    def test_only_the_el6_that_was_read_is_known_to_differ(self):
        self.assertEqual(release.vendor("2.6.32-642.6.2.el6.x86_64"), "el6")
        for text in ("2.6.32-279.19.1.el6.x86_64", "2.6.32-642", "3.10.0-957.el7.x86_64", None):
            self.assertIsNone(release.vendor(text), text)


class Masks(unittest.TestCase):
    def test_composites_of_the_reference(self):
        for name, values in COMPOSITES.items():
            for version, value in zip(ERAS, values):
                names = masks.read(name, version)[0]
                self.assertEqual(masks.encode(names, version), value, (name, version))
                if name not in ("GFP_NOWAIT", "GFP_TRANSHUGE"):
                    self.assertEqual(masks.decode(value, version), (names, 0), (name, version))

    def test_where_single_versions_differ(self):
        for name, version, value in (("GFP_HIGHUSER_MOVABLE", (5, 15, 85), 0x1100cca),
                                     ("GFP_HIGHUSER_MOVABLE", (5, 19, 0), 0x100cca),
                                     ("GFP_TRANSHUGE", (4, 5, 7), 0x4352ca), ("GFP_TRANSHUGE", (4, 7, 4), 0x352ca),
                                     ("GFP_TRANSHUGE_LIGHT", (4, 8, 15), 0x342ca), ("GFP_NOWAIT", (6, 8, 1), 0x2800),
                                     ("GFP_KERNEL_ACCOUNT", (4, 5, 7), 0x25000c0),
                                     ("GFP_TEMPORARY", (4, 13, 4), 0x14000d0)):
            self.assertEqual(masks.encode(masks.read(name, version)[0], version), value, (name, version))

    def test_one_bit_in_every_layout(self):
        where = {(2, 6, 37): 0x80000, (3, 10, 0): 0x80000, (4, 4, 0): 0x10, (5, 4, 0): 0x10, (6, 19, 0): 0x10}
        for version, bit in where.items():
            self.assertEqual(masks.encode({"RECLAIMABLE"}, version), bit)
        self.assertIsNone(masks.encode({"ATOMIC"}, (4, 3, 0)))
        self.assertIsNone(masks.encode({"ATOMIC"}, (6, 3, 0)))
        self.assertEqual(masks.decode(0x2000, (3, 5, 0)), (set(), 0x2000))
        self.assertEqual(masks.decode(0x2000, (3, 6, 5)), ({"MEMALLOC"}, 0))

    def test_which_versions_a_text_fits(self):
        fits = masks.fitting(0x24280ca, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO")
        self.assertIn((4, 8, 0), fits)
        self.assertNotIn((4, 10, 0), fits)
        self.assertEqual(masks.fitting(0x24280ca, "GFP_KERNEL"), [])
        self.assertIn((5, 1, 0), masks.fitting(0xcc0, "GFP_KERNEL"))
        self.assertEqual(masks.read("GFP_KERNEL|0x4000|what", (5, 4, 0))[1:], (0x4000, ["what"]))


def before(version):
    return (*version[:2], version[2] - 1) if version[2] else (version[0], version[1] - 1, 99)


def after(version):
    return version[0], version[1] + 1, 0


class Rules(unittest.TestCase):
    def request(self, text, version, order=0):
        return rules.Request(order, frozenset(masks.read(text, version)[0]))

    def test_marks(self):
        for text, version, mark in (("GFP_ATOMIC", (4, 8, 0), 375), ("GFP_ATOMIC", (6, 4, 0), 375),
                                    ("GFP_ATOMIC", (3, 2, 0), 375), ("GFP_NOWAIT", (5, 4, 0), 1000),
                                    ("GFP_NOWAIT", (3, 2, 0), 750), ("GFP_NOWAIT", (6, 4, 0), 1000),
                                    ("GFP_KERNEL", (4, 8, 0), 1000), ("GFP_KERNEL|__GFP_HIGH", (4, 8, 0), 500),
                                    ("GFP_ATOMIC|__GFP_NOMEMALLOC", (4, 8, 0), 500),
                                    ("GFP_KERNEL|__GFP_MEMALLOC", (4, 8, 0), 0),
                                    ("GFP_KERNEL|__GFP_MEMALLOC|__GFP_NOMEMALLOC", (4, 8, 0), 1000)):
            self.assertEqual(rules.mark(1000, self.request(text, version), version), mark, (text, version))

    def test_who_counts_the_reserve(self):
        for text, version, counts in (("GFP_KERNEL", (4, 3, 0), True), ("GFP_KERNEL", (4, 4, 0), False),
                                      ("GFP_ATOMIC", (4, 4, 0), True), ("GFP_NOWAIT", (5, 4, 0), False),
                                      ("GFP_NOWAIT", (6, 4, 0), True), ("GFP_KERNEL|__GFP_HIGH", (6, 4, 0), True)):
            self.assertIs(rules.counts_reserve(self.request(text, version), version), counts, (text, version))

    def test_who_may_have_a_block_of_the_reserve(self):
        for text, version, order, victim, may in (
                ("GFP_ATOMIC", (4, 3, 0), 1, False, False), ("GFP_ATOMIC", (4, 4, 0), 1, False, True),
                ("GFP_ATOMIC", (4, 4, 0), 0, False, False), ("GFP_KERNEL", (5, 4, 0), 1, False, False),
                ("GFP_KERNEL", (4, 13, 0), 1, True, False), ("GFP_KERNEL", (4, 14, 0), 1, True, True),
                ("GFP_KERNEL", (6, 2, 0), 0, True, False), ("GFP_KERNEL", (6, 3, 0), 0, True, True),
                ("GFP_ATOMIC", (6, 10, 0), 0, False, False), ("GFP_ATOMIC", (6, 12, 0), 0, False, True),
                ("GFP_NOWAIT", (6, 3, 0), 1, False, True), ("GFP_NOWAIT", (6, 10, 0), 1, False, True)):
            request = rules.Request(order, frozenset(masks.read(text, version)[0]), victim)
            self.assertIs(rules.may_take_reserve_block(request, version), may, (text, version, order, victim))

    def test_boundaries_between_versions(self):
        request = self.request("GFP_KERNEL", (5, 4, 0))
        for rule, first, last in ((rules.loops_over_orders, (2, 6, 31), (4, 3, 6)),
                                  (rules.by_preferred_zone, (2, 6, 31), (5, 7, 19)),
                                  (rules.may_hide_boost, (5, 0, 0), (5, 16, 9)),
                                  (rules.cma_counts_in_loop, (3, 8, 0), (3, 9, 9)),
                                  (lambda found: rules.has_fast_test(request, found), (4, 8, 0), (5, 8, 18)),
                                  (rules.reserve_is_free_part, (6, 12, 0), (6, 19, 0))):
            for version, holds in ((first, True), (last, True), (before(first), False), (after(last), False)):
                if (2, 6, 31) <= version <= (6, 19, 0):
                    self.assertIs(rule(version), holds, (rule, version))

    def test_a_victim_may_do_more_unless_it_may_not(self):
        for text, version, mark in (("GFP_KERNEL", (4, 8, 0), 0), ("GFP_KERNEL", (4, 14, 0), 500),
                                    ("GFP_KERNEL|__GFP_NOMEMALLOC", (4, 8, 0), 1000),
                                    ("GFP_KERNEL|__GFP_NOMEMALLOC", (6, 4, 0), 1000)):
            request = rules.Request(0, frozenset(masks.read(text, version)[0]), True)
            self.assertEqual(rules.mark(1000, request, version), mark, (text, version))

    def test_each_rule_is_asked_for(self):
        """A rule that nobody asks for is one that is not applied."""
        text = "".join(path.read_text() for folder in ("check", "eras", "replay")
                       for path in (Path(rules.__file__).parent.parent / folder).glob("*.py"))
        for name in re.findall(r"^def (\w+)", Path(rules.__file__).read_text(), re.M):
            self.assertGreater(len(re.findall(rf"\b{name}\(", text)), 1, name)

    def test_masks_as_text(self):
        for number, version, text in ((0x201da, (3, 10, 0), "GFP_HIGHUSER_MOVABLE|__GFP_COLD"), (0xd0, (2, 6, 32), "GFP_KERNEL"),
                                      (0x280da, (3, 0, 0), "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"), (0x20, (4, 1, 0), "__GFP_HIGH"),
                                      (0x24280ca, (4, 8, 0), "GFP_HIGHUSER_MOVABLE|__GFP_ZERO")):
            self.assertEqual(masks.spoken(masks.decode(number, version)[0], version), text)

    def test_what_the_block_costs(self):
        for order, version, pages in ((0, (2, 6, 37), 0), (0, (3, 2, 0), 2), (3, (3, 2, 0), 9), (3, (3, 3, 0), 7)):
            self.assertEqual(rules.order_term(order, version), pages)
        self.assertEqual(rules.order_term(1, (2, 6, 32), "el6"), 3)

    def test_who_is_not_killed_for(self):
        for text, order, limit, killed in (("GFP_KERNEL", 0, "Normal", True), ("GFP_KERNEL", 4, "Normal", False),
                                           ("GFP_NOFS", 0, "Normal", False), ("GFP_ATOMIC", 0, "Normal", False),
                                           ("GFP_KERNEL", 0, "DMA32", False),
                                           ("GFP_KERNEL|__GFP_NORETRY", 0, "Normal", False)):
            found = rules.kill_is_refused(self.request(text, (5, 4, 0), order), limit, (5, 4, 0))
            self.assertIs(found is None, killed, text)


if __name__ == "__main__":
    unittest.main()
