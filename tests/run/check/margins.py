"""The watermark test of each zone, redone with the numbers of a report.

margin: free pages less all that the test takes off, less the mark, in pages. The test passes above 0; at 0 or
below, the zone lacks 1 - margin pages. The numbers are those of the report, printed after the last attempt:
a test that passes now is no contradiction, but says that memory was freed meanwhile.
"""
from dataclasses import dataclass, field

from check import question
from eras import rules

BLOCK = 1024  # pages: the largest pageblock of most machines
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
    high: int = 0  # which the OOM killer tests before it kills
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
    def margin_high(self):
        """The margin of the killer's own last test, which is at high and lowers nothing."""
        return None if self.kept is None else \
            self.free - self.block - self.reserve - self.cma - self.high - self.kept

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
    found.high = zone.get("high", 0)
    if found.kept is not None and rules.has_fast_test(request, version):
        found.fast = found.free - cma - base - found.kept
    if found.kept is not None and zone.get("boost") and rules.retests_without_boost(request, version):
        lower = rules.mark(max(base - zone["boost"], 0), request, version)
        found.fast = found.free - least - cma - lower - found.kept
    if request.order and rules.loops_over_orders(version):
        found.loop = loop(zone, found, asked)
    if base > OVERFLOWN or (found.kept or 0) > OVERFLOWN:
        found.faults.append("its marks have overflown: the kernel's count of its pages was below zero")
    return found


def reserve(zone, request, version):
    """Return (least, most) that is taken off for the high-order reserve.

    Before 5.5 it is not printed: it is at least what lists of nothing else hold, and at most what the limit
    allows, whole pageblocks up to a hundredth of the zone and one more. The free part of it, which is what
    counts from 6.12 on, is printed from 6.17 on: before, it is what lists hold that have such blocks.
    """
    if rules.counts_reserve(request, version):
        return 0, 0
    rows = [row for row in zone.get("buddy") or [] if "H" in row["types"]]
    alone = sum(row["count"] << row["order"] for row in rows if row["types"] == "H")
    if rules.reserve_is_free_part(version):
        printed = zone.get("free_highatomic")
        if printed is None and zone.get("buddy"):
            return alone, sum(row["count"] << row["order"] for row in rows)
    else:
        printed = zone.get("reserved_highatomic")
    if printed is not None:
        return printed, printed
    limit = zone.get("managed", zone.get("present", 0)) // 100 + BLOCK
    return alone, max(alone, -(-limit // BLOCK) * BLOCK)


def blocks(zone, order):
    """Return {letters: blocks of that order or above}."""
    found = {}
    for row in zone.get("buddy") or []:
        if row["order"] >= order and row["count"]:
            found[row["types"]] = found.get(row["types"], 0) + row["count"]
    return found


def loop(zone, found, asked):
    """The test until 4.3: of the orders below the one wanted nothing may be counted on."""
    rows = zone.get("buddy")
    if not rows:
        return []
    left, mark, steps = found.free - found.block, 0 if asked.vendor == "el6" else found.mark, []
    if rules.cma_counts_in_loop(asked.version):
        left -= found.cma
    for row in rows[:asked.request.order]:
        left -= row["count"] << row["order"]
        mark >>= 1
        steps.append((row["order"], left, mark))
    return steps


def served(found, asked):
    """Would the zone serve the request as the numbers stand: True, False, or None."""
    if found.told and not found.loop and not usable(found, asked):
        return False
    if found.passes is True and not found.told:
        return None
    return found.passes


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
