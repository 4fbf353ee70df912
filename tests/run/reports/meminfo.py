"""The Mem-Info block of a report: counters, nodes, zones, free blocks, and the trailer.

In pages, but for what is named _kb. A line says whose it is; lowmem_reserve alone belongs to the
zone line before it. A line that a console has cut gives what is whole of it.
"""
import re

from reports import zones

SMALLEST_KB = 4  # a page, until a buddy line says otherwise
TYPES = "UMEH"
LETTERS = "UMEHRCI"  # R to 4.3: the reserve that H replaced
ZONE_NAME = "(?:Node (?P<node>\\d+) )?(?P<name>" + "|".join(zones.NAMES) + ")"

GLOBAL = re.compile(r"(?:[Aa]ctive_anon:|[a-z_]+:)\d+(?: +[a-z_]+:\d+)*")
NODE = re.compile(r"Node (\d+) active_anon:\d+kB.*")
ZONE = re.compile(ZONE_NAME + r" free:\d+kB .*\bmin:.*")
PROTECTION = re.compile(r"lowmem_reserve\[\]:((?: -?\d+)*)")
BUDDY = re.compile(ZONE_NAME + r": (?P<blocks>\d+\*\d+kB .*)= (?P<total>\d+)kB")
CUT_BUDDY = re.compile(ZONE_NAME + r": (?P<blocks>(?:\d+\*\d+kB (?:\([A-Z]+\) )?)+)[^=]*")
BLOCK = re.compile(r"(\d+)\*(\d+)kB (?:\(([A-Z]+)\) )?")
ITEM = re.compile(r"([A-Za-z_]+(?:\([a-z]+\))?): ?(-?\d+)(kB|KB)?(?= |$)")
MAILED = ((re.compile(r"(\d)([kK]) B\b"), r"\1\2B"), (re.compile(r" :(?=\d)"), ":"),
          (re.compile(r"\* (?=\d)"), "*"), (re.compile(r"(\d) (?=[kK]B\b)"), r"\1"))
UNCOUNTED = ("pages_scanned",)  # the only ones without a unit in lines of zones and nodes
KEPT_KB = ("kernel_stack", "shadow_call_stack")
PER_CPU = re.compile(ZONE_NAME + r" per-cpu:")
CPU_LISTS = re.compile(r"CPU +\d+: hi: *\d+, btch: *\d+ usd: *(\d+)(?:.*usd: *(\d+))?")
HUGEPAGES = re.compile(r"Node (\d+) hugepages_total=(\d+) hugepages_free=(\d+) hugepages_surp=\d+ "
                       r"hugepages_size=(\d+)kB")
TRAILER = (
    ("pagecache", re.compile(r"(-?\d+) total pagecache pages")),
    ("swap_cache", re.compile(r"(\d+) pages in swap cache")),
    ("free_swap_kb", re.compile(r"Free swap  ?= (-?\d+)kB")),
    ("total_swap_kb", re.compile(r"Total swap ?= (\d+)kB")),
    ("ram", re.compile(r"(\d+) pages RAM")),
    ("highmem", re.compile(r"(\d+) pages HighMem(?:/MovableOnly)?")),
    ("reserved", re.compile(r"(\d+) pages reserved")),
    ("cma_reserved", re.compile(r"(\d+) pages cma reserved")),
    ("shared", re.compile(r"(\d+) pages shared")),
    ("non_shared", re.compile(r"(\d+) pages non-shared")),
    ("pagetable_cache", re.compile(r"(\d+) pages in pagetable cache")),
    ("hwpoisoned", re.compile(r"(\d+) pages hwpoisoned")),
)
SWAP_STATS = re.compile(r"Swap cache stats: add (\d+), delete (\d+), find (\d+)/(\d+)")


class MemInfo:
    """Puts what the lines say into a report."""

    def __init__(self, report):
        self.report = report
        self.page_kb = SMALLEST_KB
        self.in_kb = set()  # names of what is printed so
        self.zone = None  # whose line was the last one that is the block's
        self.lists = None  # of whose per-CPU lists the next lines are

    def is_repeated(self, text):
        """True of a line about a zone that has been told already."""
        for pattern, field, mark in ((ZONE, "free", " free:"), (BUDDY, "buddy", "*")):
            if mark in text and (found := pattern.fullmatch(text)):
                key = zones.key(found["node"], found["name"])
                return field in self.report["zones"].get(key, {})
        return False

    def read(self, text):
        """Read a line; False if it is none of the block's."""
        zone, self.zone = self.zone, None
        if "kB" in text and (" " in text):
            text = as_printed(text)
        if found := NODE.fullmatch(text):
            self.report["nodes"].setdefault(found[1], {}).update(self.items(text, True))
        elif found := ZONE.fullmatch(text):
            self.zone = self.zone_of(found)
            self.zone.update(self.items(text, True))
        elif (found := PROTECTION.fullmatch(text)) and zone is not None and "lowmem_reserve" not in zone:
            zone["lowmem_reserve"] = [int(word) for word in found[1].split()]
        elif found := BUDDY.fullmatch(text):
            self.buddy(self.zone_of(found), zones.key(found["node"], found["name"]), found)
        elif found := CUT_BUDDY.fullmatch(text):
            key = zones.key(found["node"], found["name"])
            self.report["malformed"].append(f"buddy line of zone {key}: it is cut")
        elif GLOBAL.fullmatch(text) and not self.report["zones"].keys() - self.listed():
            self.report["global"].update(
                {name.lower(): number for name, number in self.items(text, False).items()})
        elif not (self.per_cpu(text) or self.trailer(text)):
            self.zone = zone  # somebody else's line came between
            return False
        return True

    def listed(self):
        """Return the zones of which only per-CPU lists are known so far."""
        return {key for key, zone in self.report["zones"].items() if "free" not in zone}

    def zone_of(self, found):
        return self.report["zones"].setdefault(zones.key(found["node"], found["name"]), {})

    def per_cpu(self, text):
        """The per-CPU lists as they are printed until 4.0, before the zones."""
        if found := PER_CPU.fullmatch(text):
            self.lists = self.zone_of(found)
            self.lists.setdefault("free_pcp", 0)
        elif self.lists is not None and (found := CPU_LISTS.fullmatch(text)):
            self.lists["free_pcp"] += sum(int(word or 0) for word in found.groups())
        else:
            return False
        return True

    def trailer(self, text):
        values = self.report["trailer"]
        if found := SWAP_STATS.fullmatch(text):
            values.update(swap_add=int(found[1]), swap_delete=int(found[2]))
            return True
        if found := HUGEPAGES.fullmatch(text):
            node, total, free, size = map(int, found.groups())
            self.report["hugepages"].append(
                {"node": node, "total": total, "free": free, "size_kb": size})
            return True
        for name, pattern in TRAILER:
            if found := pattern.fullmatch(text):
                values[name] = int(found[1])
                return True
        return False

    def items(self, text, has_units):
        """Return the name:value items of a line in pages; stacks stay in kB."""
        values = {}
        for name, number, unit in ITEM.findall(text):
            if has_units and not unit and name not in UNCOUNTED:
                continue  # its end is cut off
            if name in KEPT_KB:
                values[name + "_kb"] = int(number)
            elif unit:
                values[name] = self.pages(int(number), name)
                self.in_kb.add(name)
            else:
                values[name] = int(number)
        if found := re.search(r"all_unreclaimable\? (yes|no)\b", text):
            values["all_unreclaimable"] = found[1] == "yes"
        return values

    def pages(self, kb, name):
        if kb % self.page_kb:
            self.report["malformed"].append(f"{name}:{kb}kB is not a whole number of pages")
        return kb // self.page_kb

    def page_is(self, kb):
        """The first block of a buddy line is a page: what has been read is in pages of so many kB."""
        if kb == self.page_kb or kb % SMALLEST_KB or not kb:
            return
        for part in (*self.report["nodes"].values(), *self.report["zones"].values()):
            for name in self.in_kb & part.keys():
                part[name] = part[name] * self.page_kb // kb
        self.page_kb = self.report["page_kb"] = kb

    def buddy(self, zone, name, found):
        """Read a zone's buddy line."""
        blocks = BLOCK.findall(found["blocks"])
        self.page_is(int(blocks[0][1]) if blocks else SMALLEST_KB)
        if "".join(block_text(*block) for block in blocks) != found["blocks"]:
            self.report["malformed"].append(f"buddy line of zone {name}: {found['blocks']!r}")
        for order, (_, size, _) in enumerate(blocks):
            if int(size) != self.page_kb << order:
                self.report["malformed"].append(f"buddy line of zone {name}: {size}kB blocks "
                                                f"where order {order} stands")
        rows = [{"order": order, "count": int(count), "types": types}
                for order, (count, _, types) in enumerate(blocks)]
        free = [row["types"] for row in rows if row["count"]]
        zone.update(buddy=rows, free_by_type=by_type(rows),
                    buddy_total=self.pages(int(found["total"]), f"buddy total of zone {name}"),
                    reserved_highatomic=zone.get("reserved_highatomic"),
                    all_free_H=bool(free) and all(types == "H" for types in free))


def as_printed(text):
    """Return a line without the blanks that a mailer has put into its words."""
    for pattern, instead in MAILED:
        text = pattern.sub(instead, text)
    return text


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
