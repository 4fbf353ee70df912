"""The sums every report must satisfy (reference 11.1); it finds faults, it does not parse.

Exact on one CPU. With several, the printed counters lag behind by at most `threshold` pages for
each CPU, and the report is no snapshot, so comparisons get that much slack, and what was had or freed while
it was printed, where the kernel has said how much that is. A number the report
does not print is not compared, but a part of the report that is missing altogether is a fault.
"""
from dataclasses import dataclass

from reports import gfp

THRESHOLD = 125  # the largest per-CPU delta Linux lets a zone counter gather

NODE_FIELDS = (  # name in the Mem-Info lines, name in the node line
    ("active_anon", "active_anon"), ("inactive_anon", "inactive_anon"),
    ("active_file", "active_file"), ("inactive_file", "inactive_file"),
    ("unevictable", "unevictable"), ("isolated_anon", "isolated(anon)"),
    ("isolated_file", "isolated(file)"), ("mapped", "mapped"), ("dirty", "dirty"),
    ("writeback", "writeback"), ("shmem", "shmem"), ("unstable", "unstable"),
)
LRU_FIELDS = ("active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable")
ZONE_FIELDS = ("pagetables", "slab_reclaimable", "slab_unreclaimable", "bounce", "free_cma")


def check(report, cpus=1, threshold=THRESHOLD):
    """Return {"checked": how many, "violated": [one line for each]}."""
    tally = compare(report, cpus, threshold)
    return {"checked": tally.checked, "violated": [fault.text for fault in tally.violated]}


def compare(report, cpus, threshold):
    """Return the Tally of all sums."""
    tally = Tally(0 if cpus == 1 else cpus * threshold + (report.get("moved") or 0))
    form(tally, report)
    mask(tally, report)
    memory(tally, report)
    lists(tally, report)
    swap(tally, report)
    for name, zone in report["zones"].items():
        watermarks(tally, name, zone)
        buddy(tally, name, zone, cpus)
    if cpus == 1:  # two passes over several CPUs' lists never see the same
        tally.equal("free_pcp = sum of zones", total(report["zones"], "free_pcp"),
                    report["global"].get("free_pcp"))
    return tally


def faults(report, cpus, threshold=THRESHOLD):
    """Return how many were compared, and those that failed as Faults."""
    tally = compare(report, cpus, threshold)
    return tally.checked, tally.violated


@dataclass(frozen=True)
class Fault:
    """A comparison that failed. found, expected: None where the fault is none of numbers."""

    name: str
    text: str
    found: int | None = None
    expected: int | None = None


class Tally:
    """Counts comparisons and keeps a Fault for each that failed; None means not printed."""

    def __init__(self, slack):
        self.slack = slack
        self.checked = 0
        self.violated = []

    def equal(self, name, found, expected, slack=0):
        if found is None or expected is None:
            return
        self.checked += 1
        close = abs(found - expected) <= slack if slack else found == expected
        if not close:
            within = f" within {slack}" if slack else ""
            self.add(name, f"expected {expected}{within}, found {found}", found, expected)

    def at_least(self, name, found, floor, slack=0):
        if found is None or floor is None:
            return
        self.checked += 1
        if found < floor - slack:
            self.add(name, f"expected at least {floor - slack}, found {found}", found, floor)

    def fault(self, name, problem):
        self.checked += 1
        if problem:
            self.add(name, problem)

    def add(self, name, text, found=None, expected=None):
        numbers = isinstance(found, int)
        self.violated.append(Fault(name, f"{name}: {text}", *((found, expected) if numbers else ())))


def total(parts, field):
    """Return the sum of a field over zones or nodes, None unless each of them has it."""
    values = [part.get(field) for part in parts.values()]
    return sum(values) if values and None not in values else None


def plus(*values):
    return None if None in values else sum(values)


def minus(left, right):
    return None if left is None or right is None else left - right


def form(tally, report):
    """Every part of the report is there and readable."""
    parts = {"CPU line": report["trigger"], "call trace": report["call_trace"],
             "Mem-Info counters": report["global"], "node line": report["nodes"],
             "zone line": total(report["zones"], "free") is not None,
             "buddy line for each zone": total(report["zones"], "buddy_total") is not None,
             "pages RAM line": report["trailer"].get("ram") is not None}
    for part, present in parts.items():
        tally.fault("form", None if present else f"expected a {part}, found none")
    for line in report["malformed"]:
        tally.fault("form", f"malformed {line}")


def mask(tally, report):
    """The mask's text is the decoding of its number; header and CPU line name one task."""
    if gfp.known(report["release"]):
        expected = gfp.decode(int(report["gfp_mask"], 16))
        tally.equal(f"names of gfp mask {report['gfp_mask']}", report["gfp_flags"], expected)
    if report["trigger"]:
        tally.equal("comm of the CPU line", report["trigger"]["comm"], report["comm"])


def memory(tally, report):
    """Identities 1 to 3: RAM, reserved and free pages are sums over the zones."""
    zones, trailer = report["zones"], report["trailer"]
    present, managed = total(zones, "present"), total(zones, "managed")
    tally.equal("1 pages RAM = sum of present", trailer.get("ram"), present)
    tally.equal("2 reserved = sum of present - managed", trailer.get("reserved"),
                minus(present, managed))
    tally.equal("3 free = sum of zones", report["global"].get("free"), total(zones, "free"),
                tally.slack * len(zones))


def lists(tally, report):
    """Identities 4 to 8: global counters, node lines and zone lines tell one story."""
    whole, nodes, zones = report["global"], report["nodes"], report["zones"]
    slack = tally.slack * (len(zones) + 1)
    for name, node_name in NODE_FIELDS:
        tally.equal(f"4-8 {name} of nodes = global", total(nodes, node_name), whole.get(name),
                    slack)
    for name in LRU_FIELDS:
        tally.equal(f"4-8 {name} of zones = nodes", total(zones, name), total(nodes, name), slack)
    for name in ZONE_FIELDS:
        tally.equal(f"4-8 {name} of zones = global", total(zones, name), whole.get(name), slack)
    pending = plus(whole.get("dirty"), whole.get("writeback"), whole.get("unstable"))
    tally.equal("8 writepending of zones = dirty + writeback + unstable",
                total(zones, "writepending"), pending, slack)


def swap(tally, report):
    """Identities 10 to 12: swap cache, swap space and page cache."""
    trailer, whole = report["trailer"], report["global"]
    tally.equal("10 swap cache = add - delete", trailer.get("swap_cache"),
                minus(trailer.get("swap_add"), trailer.get("swap_delete")), tally.slack)
    tally.at_least("11 total swap >= free swap (kB)", trailer.get("total_swap_kb"),
                   trailer.get("free_swap_kb"))
    floor = plus(trailer.get("swap_cache"), whole.get("active_file"), whole.get("inactive_file"))
    tally.at_least("12 pagecache >= swap cache + file LRU", trailer.get("pagecache"), floor,
                   tally.slack)


def watermarks(tally, name, zone):
    """min <= low <= high, and no page is managed that is not present."""
    tally.at_least(f"low >= min of {name}", zone.get("low"), zone.get("min"))
    tally.at_least(f"high >= low of {name}", zone.get("high"), zone.get("low"))
    tally.at_least(f"present >= managed of {name}", zone.get("present"), zone.get("managed"))


def buddy(tally, name, zone, cpus):
    """Identity 9: the buddy line adds up and is the zone's free; types add up to it too."""
    rows = zone.get("buddy")
    if rows is None:
        return
    pages = sum(row["count"] << row["order"] for row in rows)
    tally.equal(f"9 buddy line of {name} adds up", zone["buddy_total"], pages)
    tally.equal(f"9 free of {name} = buddy line", zone.get("free"), pages, tally.slack)
    tally.fault(f"9 letters of {name}", letters(rows))
    split = zone.get("free_by_type")
    if split is not None and cpus == 1:  # the event is sent after the line, by a moving machine
        tally.equal(f"9 free by type of {name} = buddy line", sum(split.values()), pages)
        tally.equal(f"9 types of {name} in the event = letters",
                    sorted(kind for kind, count in split.items() if count),
                    sorted({kind for row in rows for kind in row["types"]}))


def letters(rows):
    """Return what is wrong with the type letters: only and always where blocks are."""
    for row in rows:
        if bool(row["count"]) != bool(row["types"]):
            return f"order {row['order']} has {row['count']} blocks and letters ({row['types']})"
    return None
