"""The sums that a report should satisfy, by what its version promises: which do not hold, and why.

A difference is explained where the version is known not to print the number, to print it wrongly, or to read it
at another moment; what remains is damage to the text, or nobody knows. Source: reference eras-formats §6, §7.
"""
import re
from dataclasses import dataclass

from reports import identities

ASSUMED_CPUS = 8   # a report does not say how many there are
MOVING = 4096      # pages that the busiest report known moved while it was printed, rounded up
MGLRU, HOLES = (6, 1, 0), (3, 12, 0)
SHIFTED = ((4, 8, 0), (4, 9, 1))  # the node line's last four values, with huge pages


@dataclass(frozen=True)
class Sum:
    """A sum that does not hold. why: None if it is not explained."""

    text: str
    why: str | None


def check(report, version):
    """Return (how many sums were compared, those that do not hold)."""
    checked, faults = identities.faults(report, ASSUMED_CPUS)
    found = []
    for fault in faults:
        if promised(fault, report, version):
            found.append(Sum(fault.text, explanation(fault, report, version)))
    return checked, found


def promised(fault, report, version):
    """Is it something that this version prints at all?"""
    if fault.name == "form":
        return not ("a node line" in fault.text and version < (4, 8, 0)
                    or "zone" in fault.text and report["memcg"] is not None)
    if fault.name.startswith("9 letters"):
        return version >= (3, 8, 0)
    return not fault.name.startswith("names of gfp mask")  # the question has looked at it


def explanation(fault, report, version):
    if fault.name == "form":
        return "the text is damaged there" if "malformed" in fault.text and "cut" not in fault.text \
            else "the text is cut there"
    if fault.found is None:
        return None
    off = abs(fault.found - fault.expected)
    if fault.name.startswith("1 ") and version < HOLES:
        return "this version counts holes of memory as well"
    if fault.name.startswith("2 ") and version < (4, 2, 0):
        return "this version counts reserved pages otherwise"
    if is_partial(report) and re.match(r"[1-8][- ]", fault.name):
        return "not all zones are printed"
    if "shmem of nodes" in fault.name and SHIFTED[0] <= version < SHIFTED[1]:
        return "this version prints the node's shmem under another name"
    if re.search(r"active_\w+ of zones = nodes", fault.name) and version >= MGLRU and whole_lru(report, off):
        return "with the multi-generational LRU zones and nodes split otherwise; their sums agree"
    if off <= MOVING:
        return f"counters are read one after the other, and lag: {off} pages apart"
    return None


def is_partial(report):
    """Are there zones that the report leaves out?"""
    if any("[...]" in line or "[snip" in line for line in report["unread"]["first"]):
        return True
    present = identities.total(report["zones"], "present")
    ram = report["trailer"].get("ram")
    return present is None or ram is None or present < ram * 9 // 10


def whole_lru(report, off):
    for kind in ("anon", "file"):
        names = (f"active_{kind}", f"inactive_{kind}")
        zones = [identities.total(report["zones"], name) for name in names]
        nodes = [identities.total(report["nodes"], name) for name in names]
        if None not in zones + nodes and abs(zones[0] - nodes[0]) == off:
            return abs(sum(zones) - sum(nodes)) <= MOVING
    return False
