"""What was there and could not be had: what each thing that is held back would have changed.

A thing counts if it alone would have served the request and left the zone above its mark; what is by design, or
only a handful of pages, is a note. The kinds and their limits are those of the kernel's own verdict
(mm/show/verdict.h), with what only a foreign report can have: a boost of the marks, CMA, marks that have
overflown, file pages that reclaim has left.
"""
from dataclasses import dataclass

from check import margins
from eras import rules

ROUNDS = 16      # of reclaim without progress before a kill
COSTLY = 3       # above this order nobody is killed


@dataclass
class Thing:
    """Something that is held back in a zone. counts: it makes the failure avoidable."""

    what: str
    key: str
    pages: int
    margin: int   # with it given
    counts: bool
    why_not: str = ""


def things(report, asked, tests):
    """Return every Thing that would have served the request, zone by zone."""
    found = []
    for test in tests:
        if test.kept is None or margins.served(test, asked):
            continue
        zone = report["zones"][test.key]
        for one in (overflown, reserve, per_cpu, boost, cma, lowmem, compaction):
            thing = one(report, asked, test, zone)
            if thing:
                found.append(thing)
    return found


def lasting(test, margin, zone):
    """The zone is left with as much as a per-CPU list takes at once."""
    return margin > min(31, zone.get("managed", zone.get("present", 0)) // 1024 + 1)


def free_of_reserve(zone):
    """Return (least, most) free pages on lists of the high-order reserve."""
    rows = [row for row in zone.get("buddy") or [] if "H" in row["types"]]
    alone = sum(row["count"] << row["order"] for row in rows if row["types"] == "H")
    return alone, sum(row["count"] << row["order"] for row in rows)


def reserve(report, asked, test, zone):
    """The high-order reserve: it is taken off the free pages, or holds the only blocks."""
    least, most = free_of_reserve(zone)
    if zone.get("free_highatomic") is not None:
        least = most = zone["free_highatomic"]
    if not most or asked.version < (4, 4, 0):
        return None
    margin = test.nearer(0)
    without = not any(set(letters) & set("UME") for letters in test.blocks)
    blocks = {letters for letters in test.blocks if "H" in letters}
    if margin <= 0 or (without and not blocks):
        return None
    if test.margin > 0 and not without:
        return None  # it passes, and has what it needs
    return Thing("high-order reserve", test.key, least or most, margin, lasting(test, margin, zone),
                 "not for a batch more")


def per_cpu(report, asked, test, zone):
    """Pages on per-CPU lists: free to nobody but their CPU, and in no count."""
    pages, handful = zone.get("free_pcp") or 0, zone.get("low", 0) - zone.get("min", 0)
    if asked.request.order or not pages or test.margin + pages <= 0:
        return None
    return Thing("per-CPU lists", test.key, pages, test.margin + pages, pages >= max(handful, 1),
                 f"a handful: low - min is {handful}")


def boost(report, asked, test, zone):
    """A boosted mark: fragmentation has raised it for a while."""
    pages = zone.get("boost") or 0
    if not pages or test.margin > 0:
        return None
    mark = rules.mark(max(test.base - pages, 0), asked.request, asked.version)
    margin, handful = test.margin + test.mark - mark, zone.get("low", 0) - zone.get("min", 0)
    if margin <= 0:
        return None
    return Thing("boost of the watermarks", test.key, pages, margin, pages >= handful,
                 f"a handful: low - min is {handful}")


def cma(report, asked, test, zone):
    """CMA pages, which only movable requests may have."""
    if not test.cma or test.margin > 0 or test.margin + test.cma <= 0:
        return None
    return Thing("CMA", test.key, test.cma, test.margin + test.cma, False, "by design: they must stay movable")


def lowmem(report, asked, test, zone):
    """lowmem_reserve: kept for requests that can use no higher zone."""
    if not test.kept or test.margin > 0 or test.margin + test.kept <= 0 or test.faults:
        return None
    if asked.request.order and test.told and not margins.usable(test, asked):
        return None
    pages = min(test.kept, test.free - (test.base if test.free > test.base else test.mark))
    return Thing("lowmem_reserve", test.key, pages, test.margin + test.kept, False, "by design")


def compaction(report, asked, test, zone):
    """Free pages in blocks that are too small."""
    if not asked.request.order or test.margin <= 0 or not test.told or any(
            set(letters) & set("UMEH") for letters in test.blocks):
        return None
    if asked.request.order > COSTLY:
        return Thing("fragmentation", test.key, test.free, test.margin, False,
                     "for a block so large nobody tries long")
    return Thing("fragmentation", test.key, test.free, test.margin, True)


def overflown(report, asked, test, zone):
    """Marks of a zone whose count of pages is below zero."""
    if not test.faults or not test.free:
        return None
    return Thing("watermarks that have overflown", test.key, test.free, test.free, True)


def may_reclaim(report, asked):
    """A request that may not wait cannot, kswapd is who does it, and for a large block nobody tries long."""
    comm = (report["trigger"] or {}).get("comm") or report["comm"] or ""
    return asked.request.may_wait and asked.request.order <= COSTLY and not comm.startswith("kswapd") \
        and asked.request.has("FS") and not asked.request.has("NORETRY")


def unreclaimed(report, asked, tests):
    """File pages that reclaim should have found: more than a zone's high mark, and many times what lacks."""
    found = []
    if not may_reclaim(report, asked):
        return found
    for test in tests:
        zone = report["zones"][test.key]
        if test.margin is None or test.faults:
            continue
        files = zone.get("active_file", 0) + zone.get("inactive_file", 0) - sum(
            zone.get(name, 0) for name in ("writepending", "dirty", "writeback"))
        lacks = max(1 - test.margin, 1)
        if test.margin > 0 or (asked.request.order and test.told and not margins.usable(test, asked)):
            continue  # single pages are no block
        if files > max(zone.get("high", 0), ROUNDS * lacks) and not margins.served(test, asked):
            found.append(Thing("file pages that were not reclaimed", test.key, files, test.margin + files, True))
    return found
