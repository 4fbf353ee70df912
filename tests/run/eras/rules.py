"""The watermark test of each version: what is taken off the mark and off the free pages.

In pages, divisions in the kernel's order. Source: reference eras-masks §2.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What the mask and the order of a request mean to the test."""

    order: int
    names: frozenset
    victim: bool = False  # a task that the OOM killer has chosen

    def has(self, *names):
        return bool(self.names & set(names))

    @property
    def may_wait(self):
        return self.has("WAIT", "DIRECT_RECLAIM")

    @property
    def movable(self):
        return self.has("MOVABLE")


@dataclass(frozen=True)
class Rights:
    """What a request may do below the mark."""

    high: bool    # half of it
    harder: bool  # a quarter of the rest, and the high-order reserve counts as free
    none: bool    # no mark at all
    reserve: bool  # may take a block of the high-order reserve itself


def rights(request, found):
    """Return the Rights of a request in version `found`."""
    high = request.has("HIGH")
    forbidden = request.has("NOMEMALLOC")
    if found < (3, 6, 0):
        harder = not request.has("WAIT")
    elif found < (4, 4, 0):
        harder = not request.has("WAIT") and not forbidden
    elif found < (6, 3, 0):
        harder = request.has("ATOMIC") and not forbidden
    else:
        harder = not request.has("DIRECT_RECLAIM") and not forbidden
    none = request.has("MEMALLOC") or (request.victim and found < (4, 14, 0))
    if found < (6, 3, 0):
        reserve = found >= (4, 4, 0) and harder and request.order > 0
    else:
        reserve = harder and request.order > 0 and (high or found < (6, 18, 0))
    return Rights(high, harder, none and not forbidden, reserve)


def mark(base, request, found):
    """Return a mark after the request's reductions."""
    allowed = rights(request, found)
    if allowed.none:
        return 0
    if allowed.high:
        base -= base // 2
    if request.victim and not request.has("NOMEMALLOC"):
        return base - base // 2
    if allowed.harder and (found < (6, 3, 0) or allowed.high):
        base -= base // 4
    return base


def order_term(order, found, vendor=None):
    """Return what the test takes off for the block itself."""
    if (2, 6, 38) <= found < (3, 3, 0) or vendor == "el6":
        return (1 << order) + 1
    return (1 << order) - 1


def counts_reserve(request, found):
    """Are pages of the high-order reserve free to the test of this request?"""
    allowed = rights(request, found)
    if found < (4, 4, 0):
        return True  # there is none
    if found < (6, 3, 0):
        return allowed.harder or (request.victim and found >= (4, 14, 0))
    return allowed.harder or allowed.high or allowed.reserve or request.victim


def reserve_is_free_part(found):
    """Is only the free part of the high-order reserve taken off, instead of all of it?"""
    return found >= (6, 12, 0)


def counts_cma(request, found):
    """Are CMA pages free to the test of this request?"""
    return found < (3, 8, 0) or request.movable


def loops_over_orders(found):
    """Does the test go through the orders below the one wanted, halving the mark, as until 4.3?"""
    return found < (4, 4, 0)


def may_take_reserve_block(request, found):
    """May one free block of the high-order reserve serve the request?"""
    allowed = rights(request, found)
    if found < (4, 4, 0):
        return False
    if found < (6, 3, 0):
        return request.order > 0 and (allowed.harder or (request.victim and found >= (4, 14, 0)))
    return allowed.reserve or request.victim or (allowed.harder and found >= (6, 12, 0))


def cma_counts_in_loop(found):
    """Are CMA pages taken off in the loop over orders as well, as by 3.8 alone?"""
    return (3, 8, 0) <= found < (3, 10, 0)


def ignores_cpuset(request, found):
    """May a request use nodes that its task's cpuset does not allow?"""
    return not request.may_wait and (found < (6, 3, 0) or request.has("HIGH"))


def may_hide_boost(found):
    """Is a boost part of the marks without being printed?"""
    return (5, 0, 0) <= found < (5, 17, 0)


def has_fast_test(request, found):
    """Is a single page also had by free > min + lowmem_reserve alone, whatever the reserve?"""
    return request.order == 0 and (4, 8, 0) <= found < (5, 9, 0)


def retests_without_boost(request, found):
    """Is a single page that fails tried once more with the mark as it is without its boost?"""
    if request.order or found < (5, 9, 0):
        return False
    return request.has("ATOMIC") if found < (6, 3, 0) else request.has("HIGH")


def by_preferred_zone(found):
    """Is lowmem_reserve[] that of the request's first zone with memory, or of the highest it may use?"""
    return found < (5, 8, 0)


def kill_is_refused(request, limit, found):
    """Return why no kill can come of such a request, or None; `limit`: its highest zone's name."""
    if not request.may_wait:
        return "it may not wait"
    if request.has("NOFAIL") and found < (4, 13, 0):
        return None
    if request.order > 3:
        return "its order is above 3: it is refused instead"
    if limit in ("DMA", "DMA32") and found >= (3, 10, 0):
        return "it wants low memory"
    if request.has("THISNODE"):
        return "it is bound to one node"
    if request.has("RETRY_MAYFAIL", "NORETRY"):
        return "it may fail"
    if found >= (4, 4, 0) and not request.has("FS", "NOFAIL"):
        return "it may not enter file systems"
    return None
