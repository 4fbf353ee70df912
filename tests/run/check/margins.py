"""The watermark test of each zone, redone with the numbers of a report.

margin: free pages less all that the test takes off, less the mark, in pages. The test passes above 0; at 0 or
below, the zone lacks 1 - margin pages. The numbers are those of the report, printed after the last attempt:
a test that passes now is no contradiction, but says that memory was freed meanwhile.
"""
from dataclasses import dataclass, field

from check import question
from eras import rules

OVERFLOWN = 1 << 40  # no zone has so many pages: the kernel's count has gone below zero


@dataclass
class Test:
    """One zone's test. Pages; None: not printed."""

    key: str
    free: int
    block: int       # taken off for the block itself
    reserve: int     # for the high-order reserve: at least so much, ...
    reserve_most: int  # ... and at most
    cma: int
    base: int        # min
    mark: int        # what is left of it for this request
    kept: int | None  # lowmem_reserve[]
    blocks: dict = field(default_factory=dict)  # of sufficient order, by their letters
    told: bool = True  # whether its blocks are printed at all
    fast: int | None = None  # margin of the test that a single page may pass as well
    loop: list = field(default_factory=list)  # until 4.3: (order, left, mark) of each step
    faults: list = field(default_factory=list)

    @property
    def margin(self):
        return self.nearer(self.reserve)

    @property
    def margin_least(self):
        """The same if the reserve is as large as it may be."""
        return self.nearer(self.reserve_most)

    def nearer(self, reserve):
        """Whichever of the two tests is nearer to passing."""
        if self.kept is None:
            return None
        full = self.free - self.block - reserve - self.cma - self.mark - self.kept
        full = min([full, *(left - mark for _, left, mark in self.loop)])
        return full if self.fast is None else max(full, self.fast)

    @property
    def passes(self):
        """True, False, or None: it depends on what is not printed."""
        if self.margin is None:
            return None
        if self.margin <= 0:
            return False
        return True if self.margin_least > 0 else None


def tests(report, asked):
    """Return the Test of each zone that the request may use, best first."""
    return [test(report, asked, key) for key in asked.zones]


def test(report, asked, key):
    zone, request, version = report["zones"][key], asked.request, asked.version
    least, most = reserve(zone, request, version)
    cma = 0 if rules.counts_cma(request, version) else zone.get("free_cma") or 0
    base = zone.get("min", 0)
    kept = question.kept_back(report, asked, key)
    if rules.rights(request, version).none:  # it is not tested at all
        least = most = cma = kept = 0
    found = Test(key, zone["free"], rules.order_term(request.order, version, asked.vendor), least, most, cma,
                 base, rules.mark(base, request, version), kept)
    found.blocks, found.told = blocks(zone, request.order), bool(zone.get("buddy"))
    if found.kept is not None and rules.has_fast_test(request, version):
        found.fast = found.free - cma - base - found.kept
    if request.order and rules.loops_over_orders(version):
        found.loop = loop(zone, found, request.order)
    if base > OVERFLOWN or (found.kept or 0) > OVERFLOWN:
        found.faults.append("its marks have overflown: the kernel's count of its pages was below zero")
    return found


def reserve(zone, request, version):
    """Return (least, most) that is taken off for the high-order reserve.

    Before 5.5 it is not printed: it is at least what lists of nothing else hold, and at most what the limit
    allows, a hundredth of the zone and a pageblock.
    """
    if rules.counts_reserve(request, version):
        return 0, 0
    printed = zone.get("free_highatomic") if rules.reserve_is_free_part(version) else None
    if printed is None:
        printed = zone.get("reserved_highatomic")
    if printed is not None:
        return printed, printed
    rows = zone.get("buddy") or []
    alone = sum(row["count"] << row["order"] for row in rows if row["types"] == "H")
    if not any("H" in row["types"] for row in rows):
        return 0, 0
    return alone, max(alone, zone.get("managed", zone.get("present", 0)) // 100 + 1024)


def blocks(zone, order):
    """Return {letters: blocks of that order or above}."""
    found = {}
    for row in zone.get("buddy") or []:
        if row["order"] >= order and row["count"]:
            found[row["types"]] = found.get(row["types"], 0) + row["count"]
    return found


def loop(zone, found, order):
    """The test until 4.3: of the orders below the one wanted nothing may be counted on."""
    rows = zone.get("buddy")
    if not rows:
        return []
    left, mark, steps = found.free - found.block, found.mark, []
    for row in rows[:order]:
        left -= row["count"] << row["order"]
        mark >>= 1
        steps.append((row["order"], left, mark))
    return steps


def served(found, asked):
    """Would the zone serve the request as the numbers stand: True, False, or None."""
    if found.passes is not True:
        return found.passes
    if found.loop:
        return True
    if not found.told:
        return True if asked.request.order == 0 else None
    return usable(found, asked)


def usable(found, asked):
    """Is there a block that the request may take? The letters may not tell."""
    own = [letters for letters in found.blocks
           if not letters or any(may_take(letter, asked) for letter in letters)]
    return bool(own)


def may_take(letter, asked):
    """Types U, M, E and the old R serve anybody; H, C and I do not."""
    if letter == "H":
        return rules.may_take_reserve_block(asked.request, asked.version)
    if letter == "C":
        return rules.counts_cma(asked.request, asked.version) and asked.request.movable
    return letter in "UMER"
