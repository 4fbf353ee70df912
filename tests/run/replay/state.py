"""A report as a state file: what the text says, and a choice for what it leaves open.

Every choice follows a rule that is written beside it as a line `choice`; a person may edit the file. The
request is put in Linux 4.8's terms, since that is the allocator that is asked again.
"""
from check import question
from eras import masks
from options import UserError

FORMAT = "lowwater-state 1"
RULES = (4, 8, 0)
HUGE_KB, HUGE_ORDER, MAX_ORDER = 2048, 9, 10
CLASSES = ("DMA", "DMA32", "Normal", "Movable")
LISTS = "MUE"  # who gets what a count with several letters does not divide, in this order
LRUS = ("inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable")
MOST = 1 << 34  # pages of a zone, 64 TiB: more is no memory
MOST_TASKS = 1024
MOST_LAG = 32000


class Impossible(UserError):
    """Of this report no machine can be built."""


def text(report, asked, source):
    """Return the state file of a report."""
    state = State(report, asked)
    state.build()
    lines = [FORMAT, f"source {source}", *(f"choice {line}" for line in state.choices), *state.lines]
    return "\n".join(lines) + "\n"


class State:
    """Gathers the lines of a state file and the choices behind them."""

    def __init__(self, report, asked):
        self.report, self.asked = report, asked
        self.lines, self.choices = [], []
        self.node = question.split(asked.zones[0])[0] if asked.zones else 0

    def choose(self, line):
        if line not in self.choices:
            self.choices.append(line)

    def build(self):
        self.choose("reclaim: LRU lists have their counts, and nothing on them: it finds nothing")
        self.choose("rules: those of Linux 4.8, in all")
        if self.report["page_kb"] != 4:
            self.choose(f"pages: of {self.report['page_kb']} kB, taken one for one")
        names = self.names()
        self.order = self.pageblock_order()
        self.lines.append(f"pageblock_order {self.order}")
        self.lines.append(self.request())
        for key, name in names.items():
            self.zone(key, name)
        self.swap()
        self.tasks()

    def names(self):
        """Return {key: the name that Lowwater's zone has} of one node's zones."""
        keys = [key for key, zone in self.report["zones"].items()
                if question.split(key)[0] == self.node and "free" in zone]
        if not keys:
            raise Impossible("no zone of the request's is printed")
        if len({question.split(key)[0] for key in self.report["zones"]}) > 1:
            self.choose(f"node: only node {self.node} is built: the first that the request may use")
        if any(question.split(key)[1] == "HighMem" for key in keys):
            self.choose("zones: HighMem of 32 bits is Movable, since here it is the one above Normal")
            other = {"DMA": "DMA", "Normal": "Normal", "HighMem": "Movable"}
        else:
            other = {name: name for name in CLASSES}
        found = {key: other.get(question.split(key)[1]) for key in keys}
        return {key: name for key, name in found.items() if name}

    def pageblock_order(self):
        printed = [zone.get("reserved_highatomic") or 0 for zone in self.report["zones"].values()]
        if any(pages % (1 << MAX_ORDER) for pages in printed):
            self.choose("pageblock_order: 9, since the reserve is no multiple of what it would be else")
            return HUGE_ORDER
        sizes = {one["size_kb"] for one in self.report["hugepages"]}
        if HUGE_KB in sizes or (not sizes and self.asked.version < (3, 10, 0)):
            return HUGE_ORDER
        if sizes:
            self.choose(f"pageblock_order: 10, since huge pages are not of {HUGE_KB} kB")
        else:
            self.choose("pageblock_order: 10, since no line tells of huge pages: the kernel has none")
        return MAX_ORDER

    def request(self):
        comm = (self.report["trigger"] or {}).get("comm") or self.report["comm"] or "unknown"
        own = " memalloc=1" if comm.startswith("kswapd") else " memdie=1" if self.report["by_victim"] else ""
        pid = f" pid={self.report['trigger']['pid']}" if self.report["trigger"] else ""
        return f"request order={self.asked.request.order} gfp={self.mask():#x} comm={word(comm)}{pid}{own}"

    def mask(self):
        """Return the mask in 4.8's bits."""
        names, version = set(self.asked.request.names), self.asked.version
        if version < (4, 4, 0):
            soft = set() if "NO_KSWAPD" in names else {"KSWAPD_RECLAIM"}
            hard = {"DIRECT_RECLAIM"} if "WAIT" in names else set()
            names |= soft | hard | ({"ATOMIC"} if not hard else set())
        if version >= (6, 3, 0) and "DIRECT_RECLAIM" not in names:
            self.choose("mask: a request that may not wait is atomic to 4.8, where it is not to this version without HIGH")
            names.add("ATOMIC")
        if "RETRY_MAYFAIL" in names:
            self.choose("mask: RETRY_MAYFAIL, for which nobody is killed, is NORETRY")
            names.add("NORETRY")
        if self.asked.limit == "HighMem":
            names.add("MOVABLE")
        known = {name for name in masks.layout(RULES) if name != "-"}
        lost = sorted(names - known - {"WAIT", "NO_KSWAPD", "RETRY_MAYFAIL"})
        if lost:
            self.choose(f"mask: 4.8 has no {' '.join(lost)}")
        return masks.encode(names & known, RULES)

    def is_32_bit(self):
        return any(question.split(key)[1] == "HighMem" for key in self.report["zones"])

    def zone(self, key, name):
        zone = self.report["zones"][key]
        managed = zone.get("managed", zone.get("present"))
        if managed is None or not set(question.MARKS) <= zone.keys() or max(
                managed, *(zone[mark] for mark in question.MARKS), *zone.get("lowmem_reserve", [0])) > MOST:
            raise Impossible(f"zone {key}: its size or its marks are not printed, or are no number of pages")
        if "managed" not in zone:
            self.choose("managed: not printed, so what is present")
        free, reserve = self.free(key, zone)
        there = sum(count << order for order, row in enumerate(free) for count in row.values())
        there += zone.get("free_pcp") or 0
        if there > managed:
            self.choose(f"managed of {key}: more is free, so as much as that")
            managed = there
        self.lines.append(
            f"zone {name} present={max(zone.get('present', managed), managed)} managed={managed} min={zone['min']} "
            f"low={zone['low']} high={zone['high']} protection={','.join(map(str, self.protection(key, zone)))} "
            f"highatomic={reserve} lag={self.lag(key, zone, free)}")
        self.lines += [f"free {name} order={order} " + " ".join(f"{kind}={count}" for kind, count in row.items())
                       for order, row in enumerate(free) if any(row.values())]
        self.per_cpu(key, name, zone)
        self.lines.append(f"lru {name} " + " ".join(f"{one}={zone.get(one, 0)}" for one in LRUS))

    def protection(self, key, zone):
        """Return lowmem_reserve[] for Lowwater's four classes."""
        row, columns = zone.get("lowmem_reserve", []), question.columns(self.report)
        if columns is None:
            if any(row):
                self.choose(f"protection of {key}: which zone an entry is for cannot be told, so none")
            return [0] * len(CLASSES)
        by_name = dict(zip(columns, row))
        names = ("DMA", "DMA", "Normal", "HighMem") if self.is_32_bit() else CLASSES
        values, last = [], 0
        for name in names:
            last = by_name.get(name, last)
            values.append(last)
        return values

    def free(self, key, zone):
        """Return ([{letter: blocks}] by order, pages of the high-order reserve)."""
        rows = zone.get("buddy")
        if not rows:
            self.choose(f"free of {key}: no buddy line, so the largest blocks that make it up, movable")
            return largest_blocks(zone["free"]), self.reserve(key, zone, 0)
        found = []
        for row in rows:
            if row["order"] > MAX_ORDER and row["count"]:
                self.choose(f"free of {key}: blocks above order {MAX_ORDER} are as many of that order")
        for row in rows:
            found.append(self.divided(row["count"], row["types"]))
        found = folded(found)
        return found, self.reserve(key, zone, sum(row.get("H", 0) << order for order, row in enumerate(found)))

    def lag(self, key, zone, free):
        """Return by how many pages the counter is behind the lists: it is read nearer to the attempt."""
        lists = sum(count << order for order, row in enumerate(free) for count in row.values())
        lag = lists - zone["free"]
        if lag and zone.get("buddy"):
            self.choose("free: where the counter is behind the lists it is so by what a CPU has not added yet, since "
                        "marks are tested with the counter")
        if abs(lag) > MOST_LAG:
            self.choose(f"free of {key}: the counter is {lag} pages behind the lists: it is taken as {MOST_LAG}")
        return max(-MOST_LAG, min(lag, MOST_LAG))

    def divided(self, count, letters):
        """Return {letter: blocks} of one order."""
        if not count:
            return {}
        if not letters:
            self.choose("types: this version prints none, so all free blocks are movable")
            return {"M": count}
        kept = [letter.replace("R", "M") for letter in letters if letter in "UMEHR"]
        if "C" in letters and self.asked.request.movable:
            kept.append("M")
        if set(letters) - set("UMEHR"):
            self.choose("types: CMA pages are movable ones for a movable request, and none for another; isolated ones "
                        "are none")
        kept = sorted(set(kept))
        if not kept:
            return {}
        if len(kept) > 1:
            self.choose("types: of a count with several letters each gets one block, and the first of M, U, E the rest")
        row = dict.fromkeys(kept, 1) if len(kept) <= count else dict.fromkeys(kept[:count], 1)
        rest = next((letter for letter in LISTS if letter in row), kept[0])
        row[rest] += count - sum(row.values())
        return row

    def reserve(self, key, zone, free_pages):
        """Return the pages of the high-order reserve."""
        printed = zone.get("reserved_highatomic")
        if printed is not None:
            return printed
        if free_pages:
            self.choose("reserve: not printed, so as many pageblocks as the free (H) pages fill")
        block = 1 << self.order
        return -(-free_pages // block) * block

    def per_cpu(self, key, name, zone):
        pages, own = zone.get("free_pcp") or 0, min(zone.get("local_pcp") or 0, zone.get("free_pcp") or 0)
        kind = "U" if self.asked.request.movable else "M"
        if not pages:
            return
        self.choose("per-CPU lists: local_pcp is on the CPU that asks, the rest on another; of a type that the request "
                    "does not want, or a single page would have been had from there")
        for cpu, count in ((0, own), (1, pages - own)):
            if count:
                self.lines.append(f"pcp {name} cpu={cpu} {kind}={count}")

    def swap(self):
        trailer, page = self.report["trailer"], self.report["page_kb"]
        total, free = trailer.get("total_swap_kb"), trailer.get("free_swap_kb")
        if total is None or free is None:
            self.choose("swap: not printed, so none")
            total = free = 0
        total, free = max(total, 0) // page, max(free, 0) // page
        self.lines.append(f"swap total={max(total, free)} free={free}")

    def tasks(self):
        victim = self.report["victim"]
        rows = sorted(self.report["tasks"], key=lambda row: -row.get("rss", 0))[:MOST_TASKS]
        if len(self.report["tasks"]) > MOST_TASKS:
            self.choose(f"tasks: the {MOST_TASKS} largest")
        if victim and not any(row["pid"] == victim["pid"] for row in rows):
            self.choose("tasks: the one that was killed is not in the table: with what it held")
            pages = sum(victim[name] or 0 for name in ("anon_rss_kb", "file_rss_kb", "shmem_rss_kb"))
            rows.append({"pid": victim["pid"], "name": victim["comm"], "rss": pages // self.report["page_kb"]})
        if not rows:
            self.choose("tasks: none is printed: one that has all anonymous memory")
            pages = sum(zone.get(name, 0) for key, zone in self.report["zones"].items()
                        if question.split(key)[0] == self.node for name in ("active_anon", "inactive_anon"))
            rows = [{"pid": 2, "name": "unknown", "rss": pages}]
        if any(size(row) != row.get("rss", 0) for row in rows):
            self.choose("tasks: rss is with page tables, since the killer counts them")
        for row in rows:
            self.lines.append(f"task pid={row['pid']} comm={word(row['name'])} rss={size(row)} "
                              f"swapents={row.get('swapents', 0)} adj={row.get('oom_score_adj', 0)}")


def size(row):
    """Return the pages of a task that the killer counts, besides those in swap."""
    tables = row.get("nr_ptes", 0) + row.get("nr_pmds", 0) + row.get("pgtables_bytes", 0) // 4096
    return row.get("rss", 0) + tables


def largest_blocks(pages):
    """Return [{"M": blocks}] by order, of so many pages."""
    found = [{} for _ in range(MAX_ORDER + 1)]
    for order in range(MAX_ORDER, -1, -1):
        if pages >> order:
            found[order] = {"M": pages >> order}
            pages &= (1 << order) - 1
    return found


def folded(rows):
    """Return rows with what is above MAX_ORDER in blocks of that order."""
    for order in range(MAX_ORDER + 1, len(rows)):
        for letter, count in rows[order].items():
            rows[MAX_ORDER][letter] = rows[MAX_ORDER].get(letter, 0) + (count << (order - MAX_ORDER))
    return rows[:MAX_ORDER + 1]


def word(text):
    """Return a name as one word of the file."""
    return "".join(c if c.isprintable() and c not in " =#\"\\" and c.isascii() else "_" for c in text)[:15] or "_"
