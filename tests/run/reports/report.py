"""Parser of Linux 4.8 OOM and allocation-failure reports into dicts of pages.

Reads any console log, stamped or not, and skips lines it does not know. It judges nothing but
form: what a line says in a shape it cannot be right in goes to `malformed`; whether the numbers
agree is identities.py.
"""
import re

from results.console import unstamp

PAGE_KB = 4
TYPES = "UMEH"
EXACT = ("free_by_type", "reserved_highatomic")  # what letters and 4.8's lines cannot tell

OOM = re.compile(r"(?P<comm>.*) invoked oom-killer: gfp_mask=(?P<mask>0x[0-9a-f]+|0)"
                 r"\((?P<flags>.*?)\)(?:, nodemask=.*)?, order=(?P<order>-?\d+), "
                 r"oom_score_adj=(?P<adj>-?\d+)")
FAILURE = re.compile(r"(?P<comm>.*): page allocation failure: order:(?P<order>\d+), "
                     r"mode:(?P<mask>0x[0-9a-f]+|0)\((?P<flags>.*)\)")
PANIC = "Kernel panic - not syncing: "
CPU = re.compile(r"CPU: (\d+) PID: (\d+) Comm: (.*?) (?:Not tainted|Tainted: )")
FRAME = re.compile(r"(?:\[<[0-9a-f]+>\] )?((?:\? )?[\w.$]+(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?"
                   r"(?: \[\w+\])?)")
GLOBAL = re.compile(r"(?:[a-z_]+:\d+ ?)+")
NODE = re.compile(r"Node (\d+) active_anon:.*")
ZONE = re.compile(r"(?:Node \d+ )?(\w+) free:\d+kB min:.*")
PROTECTION = re.compile(r"lowmem_reserve\[\]:((?: -?\d+)*)")
BUDDY = re.compile(r"(?:Node \d+ )?(\w+): (\d+\*\d+kB .*)= (\d+)kB")
BLOCK = re.compile(r"(\d+)\*(\d+)kB (?:\(([A-Z]+)\) )?")
ITEM = re.compile(r"([a-z_]+(?:\([a-z]+\))?):(\d+)(kB|KB)?(?= |$)")
TASKS = re.compile(r"\[ pid \]\s+uid\s+tgid\s+total_vm\s+rss\b.*")
TASK = re.compile(r"\[ *(\d+)\]" + r" +(\d+)" * 7 + r" +(-?\d+) (.*)")
TASK_FIELDS = ("pid", "uid", "tgid", "total_vm", "rss", "nr_ptes", "nr_pmds", "swapents",
               "oom_score_adj")
CHOSEN = re.compile(r"(?:.*): Kill process (\d+) \((.*)\) score (\d+) or sacrifice child")
KILLED = re.compile(r"Killed process (\d+) \((.*)\) total-vm:(\d+)kB, anon-rss:(\d+)kB, "
                    r"file-rss:(\d+)kB(?:, shmem-rss:(\d+)kB)?")
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


def parse(lines):
    """Return the reports of a log, in the order of their first lines.

    An allocation failure printed by an interrupt may stand inside an OOM report: open reports
    form a stack, and a failure, whose last line is known, gives way to the one around it.
    """
    reports, stack = [], []
    for line in lines:
        text = unstamp(line).strip()
        header = open_report(text)
        if header:
            if header["kind"] == "oom":
                stack.clear()  # OOM reports never overlap: they are printed under one lock
            stack.append(Section(header))
            reports.append(header)
        elif text.startswith(PANIC):
            stack.clear()  # what follows is the panic's own report of memory
        elif stack and stack[-1].feed(text):
            stack.pop()
    return reports


def open_report(text):
    """Return a new report when text is the first line of one, else None."""
    kind, found = "oom", OOM.fullmatch(text)
    if not found:
        kind, found = "alloc-failure", FAILURE.fullmatch(text)
    if not found:
        return None
    return {"kind": kind, "unit": "pages", "comm": found["comm"], "gfp_mask": found["mask"],
            "gfp_flags": found["flags"], "order": int(found["order"]),
            "oom_score_adj": int(found["adj"]) if kind == "oom" else None,
            "trigger": None, "victim": None, "verdict": None, "call_trace": [],
            "global": {}, "nodes": {}, "zones": {}, "trailer": {}, "tasks": [], "malformed": []}


class Section:
    """One report being read; feed() returns True at its last line."""

    def __init__(self, report):
        self.report = report
        self.mode = self.chosen = None  # mode: the part whose lines have no mark of their own
        self.zone = {}

    def feed(self, text):
        if text in ("Call Trace:", "Mem-Info:"):
            self.mode = "trace" if text[0] == "C" else None
        elif self.mode == "trace" and FRAME.fullmatch(text):
            self.report["call_trace"].append(FRAME.fullmatch(text)[1])
        elif TASKS.fullmatch(text):
            self.mode = "tasks"
        elif self.mode == "tasks" and text.startswith("["):
            self.task(text)
        else:
            return self.marked(text)
        return False

    def marked(self, text):
        """Lines that can be told by themselves."""
        if found := CPU.match(text):
            self.report["trigger"] = {"comm": found[3], "pid": int(found[2]), "cpu": int(found[1])}
        elif NODE.fullmatch(text):
            self.report["nodes"][NODE.fullmatch(text)[1]] = self.items(text)
        elif found := ZONE.fullmatch(text):
            self.zone = self.report["zones"].setdefault(found[1], {})
            self.zone.update(self.items(text))
        elif found := PROTECTION.fullmatch(text):
            self.zone["lowmem_reserve"] = [int(word) for word in found[1].split()]
        elif found := BUDDY.fullmatch(text):
            self.buddy(found[1], found[2], int(found[3]))
        elif GLOBAL.fullmatch(text):
            self.report["global"].update(self.items(text))
        elif found := CHOSEN.fullmatch(text):
            self.chosen = found
        elif found := KILLED.fullmatch(text):
            self.report["victim"] = victim(found, self.chosen)
            return True
        else:
            return self.trailer(text) and self.report["kind"] != "oom"
        return False

    def trailer(self, text):
        """Read a line of the trailer; True at its last one."""
        values = self.report["trailer"]
        if found := SWAP_STATS.fullmatch(text):
            values.update(swap_add=int(found[1]), swap_delete=int(found[2]))
        for name, pattern in TRAILER:
            if found := pattern.fullmatch(text):
                values[name] = int(found[1])
                return name == "hwpoisoned"
        return False

    def task(self, text):
        found = TASK.fullmatch(text)
        if not found:
            self.report["malformed"].append(f"task table row {text!r}")
            return
        row = {name: int(word) for name, word in zip(TASK_FIELDS, found.groups())}
        self.report["tasks"].append(row | {"name": found[10]})

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

    def buddy(self, name, text, total_kb):
        """Read a zone's buddy line."""
        zone = self.report["zones"].setdefault(name, {})
        blocks = BLOCK.findall(text)
        if "".join(block_text(*block) for block in blocks) != text:
            self.report["malformed"].append(f"buddy line of zone {name}: {text!r}")
        for order, (_, size, _) in enumerate(blocks):
            if int(size) != PAGE_KB << order:
                self.report["malformed"].append(f"buddy line of zone {name}: {size}kB blocks "
                                                f"where order {order} stands")
        zone["buddy"] = [{"order": order, "count": int(count), "types": types}
                         for order, (count, _, types) in enumerate(blocks)]
        zone["buddy_total"] = self.pages(total_kb, f"buddy total of zone {name}")
        zone["free_by_type"] = by_type(zone["buddy"])
        zone["reserved_highatomic"] = zone.get("reserved_highatomic")
        zone["all_free_H"] = all(row["types"] == "H" for row in zone["buddy"] if row["count"])


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


def victim(killed, chosen):
    """Return who was killed; the score belongs to the process chosen, maybe its parent."""
    found = {"pid": int(killed[1]), "comm": killed[2], "score": None,
             "total_vm_kb": int(killed[3]), "anon_rss_kb": int(killed[4]),
             "file_rss_kb": int(killed[5]),
             "shmem_rss_kb": None if killed[6] is None else int(killed[6])}
    if chosen:
        found |= {"score": int(chosen[3]), "chosen_pid": int(chosen[1]), "chosen_comm": chosen[2]}
    return found


def merge(reports, sent):
    """Add to each report the exact numbers its event carries; return notes on what has no pair.

    Paired within a kind, since a report nested in another ends, and is sent, before it.
    """
    notes = []
    for kind in ("oom", "alloc-failure"):
        printed = [report for report in reports if report["kind"] == kind]
        events = [event for event in sent if (event.get("kind") == "oom") == (kind == "oom")]
        if events and len(events) != len(printed):
            notes.append(f"{len(printed)} {kind} reports on the console, "
                         f"{len(events)} on the events channel"
                         + (": does loglevel= hide them?" if not printed else ""))
        for report, event in zip(printed, events):
            report["verdict"] = event.get("verdict")
            for name, values in (event.get("zones") or {}).items():
                if name in report["zones"]:
                    report["zones"][name] |= {key: values[key] for key in EXACT if key in values}
                else:
                    notes.append(f"{kind} event: zone {name} is not in the printed report")
    return notes
