"""The Mem-Info block of a report: counters, nodes, zones, free blocks, and the trailer.

In pages, but for what is named _kb. A line says whose it is; lowmem_reserve alone belongs to the
zone line before it.
"""
import re

from reports import zones

PAGE_KB = 4
TYPES = "UMEH"
ZONE_NAME = "(?:Node (?P<node>\\d+) )?(?P<name>" + "|".join(zones.NAMES) + ")"

GLOBAL = re.compile(r"(?:[a-z_]+:\d+ ?)+")
NODE = re.compile(r"Node (\d+) active_anon:.*")
ZONE = re.compile(ZONE_NAME + r" free:\d+kB .*\bmin:.*")
PROTECTION = re.compile(r"lowmem_reserve\[\]:((?: -?\d+)*)")
BUDDY = re.compile(ZONE_NAME + r": (?P<blocks>\d+\*\d+kB .*)= (?P<total>\d+)kB")
BLOCK = re.compile(r"(\d+)\*(\d+)kB (?:\(([A-Z]+)\) )?")
ITEM = re.compile(r"([a-z_]+(?:\([a-z]+\))?):(\d+)(kB|KB)?(?= |$)")
TRAILER = (
    ("pagecache", re.compile(r"(-?\d+) total pagecache pages")),
    ("swap_cache", re.compile(r"(\d+) pages in swap cache")),
    ("free_swap_kb", re.compile(r"Free swap  = (-?\d+)kB")),
    ("total_swap_kb", re.compile(r"Total swap = (\d+)kB")),
    ("ram", re.compile(r"(\d+) pages RAM")),
    ("highmem", re.compile(r"(\d+) pages HighMem/MovableOnly")),
    ("reserved", re.compile(r"(\d+) pages reserved")),
    ("cma_reserved", re.compile(r"(\d+) pages cma reserved")),
    ("hwpoisoned", re.compile(r"(\d+) pages hwpoisoned")),
)
SWAP_STATS = re.compile(r"Swap cache stats: add (\d+), delete (\d+), find (\d+)/(\d+)")


class MemInfo:
    """Puts what the lines say into a report."""

    def __init__(self, report):
        self.report = report
        self.zone = None  # whose line was the last one

    def is_repeated(self, text):
        """True of a line about a zone that has been told already."""
        for pattern, field in ((ZONE, "free"), (BUDDY, "buddy")):
            if found := pattern.fullmatch(text):
                key = zones.key(found["node"], found["name"])
                return field in self.report["zones"].get(key, {})
        return False

    def read(self, text):
        """Read a line; False if it is none of the block's."""
        zone, self.zone = self.zone, None
        if found := NODE.fullmatch(text):
            self.report["nodes"][found[1]] = self.items(text)
        elif found := ZONE.fullmatch(text):
            self.zone = self.zone_of(found)
            self.zone.update(self.items(text))
        elif (found := PROTECTION.fullmatch(text)) and zone is not None:
            zone["lowmem_reserve"] = [int(word) for word in found[1].split()]
        elif found := BUDDY.fullmatch(text):
            self.buddy(self.zone_of(found), zones.key(found["node"], found["name"]), found)
        elif GLOBAL.fullmatch(text) and not self.report["zones"]:
            self.report["global"].update(self.items(text))
        else:
            return self.trailer(text)
        return True

    def zone_of(self, found):
        return self.report["zones"].setdefault(zones.key(found["node"], found["name"]), {})

    def trailer(self, text):
        values = self.report["trailer"]
        if found := SWAP_STATS.fullmatch(text):
            values.update(swap_add=int(found[1]), swap_delete=int(found[2]))
            return True
        for name, pattern in TRAILER:
            if found := pattern.fullmatch(text):
                values[name] = int(found[1])
                return True
        return False

    def items(self, text):
        """Return the name:value items of a line in pages; kernel_stack stays in kB."""
        values = {}
        for name, number, unit in ITEM.findall(text):
            if name == "kernel_stack":
                values["kernel_stack_kb"] = int(number)
            else:
                values[name] = self.pages(int(number), name) if unit else int(number)
        return values

    def pages(self, kb, name):
        if kb % PAGE_KB:
            self.report["malformed"].append(f"{name}:{kb}kB is not a whole number of pages")
        return kb // PAGE_KB

    def buddy(self, zone, name, found):
        """Read a zone's buddy line."""
        blocks = BLOCK.findall(found["blocks"])
        if "".join(block_text(*block) for block in blocks) != found["blocks"]:
            self.report["malformed"].append(f"buddy line of zone {name}: {found['blocks']!r}")
        for order, (_, size, _) in enumerate(blocks):
            if int(size) != PAGE_KB << order:
                self.report["malformed"].append(f"buddy line of zone {name}: {size}kB blocks "
                                                f"where order {order} stands")
        rows = [{"order": order, "count": int(count), "types": types}
                for order, (count, _, types) in enumerate(blocks)]
        free = [row["types"] for row in rows if row["count"]]
        zone.update(buddy=rows, free_by_type=by_type(rows),
                    buddy_total=self.pages(int(found["total"]), f"buddy total of zone {name}"),
                    reserved_highatomic=zone.get("reserved_highatomic"),
                    all_free_H=bool(free) and all(types == "H" for types in free))


def block_text(count, size, types):
    return f"{count}*{size}kB " + (f"({types}) " if types else "")


def by_type(buddy):
    """Return free pages by type where the letters tell, else None: (UE) cannot be split."""
    pages = dict.fromkeys(TYPES, 0)
    for row in buddy:
        if row["count"] and len(row["types"]) != 1:
            return None
        if row["count"]:
            pages[row["types"]] = pages.get(row["types"], 0) + (row["count"] << row["order"])
    return pages
