"""The request of a report: what its mask means in its era, and which zones it may use.

A report does not print everything: which node is the nearest, whether a memory policy binds the task. What is
assumed in its place is kept, as a line, in `assumed`.
"""
from dataclasses import dataclass, field

from eras import masks, release, rules
from reports import zones

FEWEST = 3  # entries of lowmem_reserve[]; less is cut
ALWAYS = ("Movable", "Device")  # types without memory that most kernels are built with
HIGHEST = {0x0: "Normal", 0x1: "DMA", 0x2: "HighMem", 0x4: "DMA32", 0x8: "Normal", 0x9: "DMA",
           0xA: "Movable", 0xC: "DMA32"}


@dataclass
class Question:
    """What was asked for. version: (major, minor, patch) whose rules apply."""

    version: tuple
    vendor: str | None
    request: rules.Request
    limit: str           # the highest zone that the mask allows
    zones: list          # keys of those that it may use, best first
    assumed: list = field(default_factory=list)
    mask_faults: list = field(default_factory=list)


def ask(report):
    """Return the Question of a report; None where there is no request to judge."""
    assumed, faults = [], []
    version = era(report, assumed)
    names = names_of(report, version, assumed, faults)
    limit = highest(report, names)
    request = rules.Request(max(report["order"], 0), frozenset(names), report["by_victim"])
    return Question(version, release.vendor(report["release"]), request, limit,
                    allowed_zones(report, limit, assumed, rules.ignores_cpuset(request, version)), assumed, faults)


def era(report, assumed):
    """Return the version whose rules apply."""
    found = release.version(report["release"])
    if found is None:
        found = by_lines(report)
        assumed.append(f"no version is printed: by its lines it is {release.spoken(found)} or later")
    return found


def by_lines(report):
    """Return the first version that prints lines as these."""
    parts = [*report["zones"].values()]
    if any("free_highatomic" in zone for zone in parts):
        return 6, 17, 0
    if any("boost" in zone for zone in parts):
        return 5, 17, 0
    if "sec_pagetables" in report["global"]:
        return 6, 1, 0
    if any("pagetables" in node for node in report["nodes"].values()):
        return 5, 11, 0
    if any("kernel_stack_kb" in node for node in report["nodes"].values()):
        return 5, 9, 0
    if any(zone.get("reserved_highatomic") is not None for zone in parts):
        return 5, 5, 0
    return by_mask(report)


def by_mask(report):
    number, text = int(report["gfp_mask"], 16), report["gfp_flags"]
    fits = masks.fitting(number, text) if text is not None else masks.candidates(number)
    lowest = (4, 8, 0) if report["nodes"] else (4, 6, 0) if text is not None else (2, 6, 31)
    fits = [one for one in fits if one >= lowest] or [lowest]
    return fits[0]


def names_of(report, version, assumed, faults):
    """Return the flags of the mask: by its text, if it has one, else by its number."""
    number, text = int(report["gfp_mask"], 16), report["gfp_flags"]
    if text is None:
        names, rest = masks.decode(number, version)
        if rest:
            faults.append(f"mask {number:#x}: {rest:#x} has no name in {release.spoken(version)}")
        return names
    if rules.may_hide_boost(version):
        assumed.append("the marks are without a boost, which this version does not print")
    names, rest, unknown = masks.read(text, version)
    for word in unknown:
        faults.append(f"mask {number:#x}: {word} is no flag's name")
    said = (masks.encode(names, version) or 0) | rest
    if not unknown and (said ^ number) & certain(version):
        fits = masks.fitting(number, text)
        if fits:
            assumed.append(f"the mask's bits are those of {release.spoken(fits[0])}, not of "
                           f"{release.spoken(version)}")
            names = masks.read(text, fits[0])[0]
        else:
            faults.append(f"mask {number:#x}: its text says another one: {text}")
    return names | masks.decode(rest, version)[0]


def certain(version):
    """Return the bits whose place does not depend on the kernel's configuration: from 6.9 on they are packed."""
    return (1 << 24) - 1 if version >= (6, 9, 0) else -1


def missing(report, asked):
    """Return the zones that the request may use and that have memory, by lowmem_reserve[], but are not printed."""
    names, found = columns(report), []
    below = zones.NAMES[:zones.NAMES.index(asked.limit) + 1]
    for key, zone in report["zones"].items():
        row, node = zone.get("lowmem_reserve"), split(key)[0]
        if not row or names is None:
            continue
        for before, now, name in zip(row, row[1:], names[1:]):
            there = name if node == 0 else f"Node {node} {name}"
            if now > before and name in below and "high" not in report["zones"].get(there, {}) \
                    and there not in found and name != split(key)[1]:
                found.append(there)
    return found


MARKS = ("min", "low", "high")


def cut(report, asked):
    """Return what a whole report says of zones that the request may use, and this one does not."""
    below, nodes = zones.NAMES[:zones.NAMES.index(asked.limit) + 1], allowed_nodes(report, False)
    partly = [key for key, zone in report["zones"].items()
              if split(key)[1] in below and (nodes is None or split(key)[0] in nodes)
              and zone.get("managed", 1) > 0 and not all(name in zone for name in ("free", *MARKS))]
    there, lost = {split(key)[0] for key in report["zones"]}, []
    if not any("buddy" in zone for zone in report["zones"].values()):  # which come after all zones
        lost = [str(node) for node in sorted((nodes or there) - there)]
    return [f"{what} {', '.join(names)}" for what, names in
            (("free pages and marks of", partly), ("the zones of node", lost)) if names]


def highest(report, names):
    bits = sum(bit for bit, name in ((1, "DMA"), (2, "HIGHMEM"), (4, "DMA32"), (8, "MOVABLE"))
               if name in names)
    limit, present = HIGHEST.get(bits, "Normal"), {name for _, name in map(split, report["zones"])}
    if limit in ("HighMem", "DMA32", "DMA") and present and limit not in present:
        return "Normal"  # this kernel has no such zone
    return limit


def split(key):
    """Return (node, name) of a zone's key."""
    words = key.split()
    return (int(words[1]), words[2]) if len(words) == 3 else (0, key)


def allowed_zones(report, limit, assumed, everywhere=False):
    """Return the keys of the zones that the request may use, best first."""
    below = zones.NAMES[:zones.NAMES.index(limit) + 1]
    nodes = allowed_nodes(report, everywhere)
    found = [key for key in report["zones"] if "free" in report["zones"][key]
             and split(key)[1] in below and (nodes is None or split(key)[0] in nodes)
             and report["zones"][key].get("managed", 1) > 0 and "high" in report["zones"][key]]
    order = node_order(report, found, assumed)
    return sorted(found, key=lambda key: (order.index(split(key)[0]), -below.index(split(key)[1])))


def node_order(report, found, assumed):
    """The nearest node is not printed: that of most pressure comes first, since requests start there."""
    nodes = sorted({split(key)[0] for key in found})
    if len(nodes) > 1:
        assumed.append("nodes are taken in the order of their numbers: the nearest is not printed")
    return nodes


def allowed_nodes(report, everywhere):
    """Return the nodes that the request may use, or None for all of them; everywhere: whatever its cpuset says."""
    nodes = None
    for text in (None if everywhere else report["mems_allowed"], report["nodemask"]):
        if text and text != "(null)":
            given = node_list(text)
            nodes = given if nodes is None else nodes & given
    return nodes


def node_list(text):
    """Return the nodes of a list as 0,2-3."""
    nodes = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last.isdigit() or not last):
            nodes.update(range(int(first), min(int(last or first), int(first) + 4096) + 1))
    return nodes


def columns(report):
    """Return the zone types of lowmem_reserve[], by index; None where they cannot be told."""
    counts = {len(zone["lowmem_reserve"]) for zone in report["zones"].values() if "lowmem_reserve" in zone}
    if len(counts) != 1:
        return None
    count, present = counts.pop(), {split(key)[1] for key in report["zones"]}
    if "HighMem" in present:
        names = ["DMA", "Normal", "HighMem", "Movable", "Device"]
    else:
        names = ["DMA", "DMA32", "Normal", "Movable", "Device"]
    if count < 4:
        names = [name for name in names if name in present or name in ALWAYS]
    names = names[:count]
    return names if len(names) == count and present <= set(names) else None


def class_zone(report, question):
    """Return the zone type whose entry of lowmem_reserve[] counts."""
    if not rules.by_preferred_zone(question.version) or not question.zones:
        return question.limit
    first = split(question.zones[0])[0]
    names = [split(key)[1] for key in question.zones if split(key)[0] == first]
    return max(names, key=zones.NAMES.index)


def kept_back(report, question, key):
    """Return the pages of lowmem_reserve[] that a zone keeps from the request, or None."""
    row = report["zones"][key].get("lowmem_reserve")
    if row is None or len(row) < FEWEST:
        return None
    names = columns(report)
    if names is None:
        return 0 if not any(row) else None
    wanted = class_zone(report, question)
    return row[names.index(wanted)] if wanted in names else 0
