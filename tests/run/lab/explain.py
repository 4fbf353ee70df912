"""What each number of a report is: where it stands in its line, and a text for it, in pages and MiB.

A line is told by its form alone, as the readers of the room of reports do it.
"""
import re

from check import words
from check.sizes import mib
from lab import glossary as say
from reports import meminfo, tables

ITEM = re.compile(r"([A-Za-z][\w-]*(?:\((?:anon|file)\))?):(-?\d+)(kB)?(?![\w:])")
HEAD = re.compile(r"(?:gfp_mask=|mode:)(?P<mask>0x[0-9a-f]+)|\border[=:](?P<order>-?\d+)"
                  r"|oom_score_adj=(?P<adj>-?\d+)")
PLACE = re.compile(r"CPU: (?P<cpu>\d+) PID: (?P<pid>\d+)")
SCORE = re.compile(r"(?:Kill|Killed) process (?P<pid>\d+)(?: \(.*\) score (?P<score>\d+))?")
TRAILER = re.compile(r"(\d+) (" + "|".join(map(re.escape, say.TRAILER)) + ")")
SWAP = re.compile(r"(Free swap|Total swap) += (\d+)kB")
STATS = re.compile(r"Swap cache stats: add (\d+), delete (\d+), find (\d+)/(\d+)")
OWN = re.compile(r"(?:verdict|note|(?:UN)?AVOIDABLE|FRAGMENTED): ")
NUMBER = re.compile(r"(?<![\w*.])\d+(?![\w*.])")
ZONES = ("DMA", "DMA32", "Normal", "Movable")  # of lowmem_reserve[], on x86-64
HEADLINE = {"mask": "gfp_mask: how the request may be served; names stand behind it",
            "order": "order: 2 to the power of it pages were asked for, in one block",
            "adj": "oom_score_adj of who asked: -1000 is never killed"}
ASKED = {"cpu": "the CPU that printed the report", "pid": "the thread that asked"}
CHOSEN = {"pid": "the process that was chosen",
          "score": "its score: thousandths of all memory and swap that it has"}


class Explainer:
    """Goes through the lines of one report; some are about the zone of the line before."""

    def __init__(self, report, found):
        self.kb = report["page_kb"]
        self.tests = {test.key: words.zone(test, found).strip() for test in found.tests}
        self.columns = self.zone = None
        self.whole = ((meminfo.ZONE, self.of_zone), (meminfo.BUDDY, self.buddy),
                      (tables.TASKS, self.heading), (meminfo.PROTECTION, self.kept_back),
                      (STATS, self.stats), (TRAILER, self.trailer), (SWAP, self.swap))

    def line(self, text):
        """Return [start, end, explanation] for each number of a line."""
        for pattern, explain in self.whole:
            if found := pattern.fullmatch(text):
                return explain(text, found)
        if OWN.match(text):
            return [[*one.span(), self.size(int(one[0]))] for one in NUMBER.finditer(text)]
        if self.columns and text.startswith("["):
            return self.task(text)
        whose = "of node 0" if text.startswith("Node 0") else "of the machine"
        return self.head(text) + self.items(text, whose)

    def size(self, pages):
        return f"{pages:,} {'page' if pages == 1 else 'pages'}, {mib(pages * self.kb)}"

    def items(self, text, whose):
        out = []
        for one in ITEM.finditer(text):
            name = re.sub(r"\((\w+)\)", r"_\1", one[1])
            if name in say.FIELDS:
                pages = int(one[2]) // self.kb if one[3] else int(one[2])
                size = self.size(pages) if name != "pages_scanned" else one[2]
                owner = "of the victim" if name.endswith(say.OF_VICTIMS) else whose
                out.append([*one.span(), f"{one[1]} {owner}: {say.FIELDS[name]}: {size}"])
        return out

    def of_zone(self, text, found):
        self.zone = found["name"]
        out = self.items(text, f"of zone {self.zone}")
        if self.zone in self.tests:
            said = f"The test of this request: {self.tests[self.zone]}"
            out.insert(0, [*found.span("name"), said])
        return out

    def kept_back(self, text, _found):
        out = []
        for zone, one in zip(ZONES, re.finditer(r"-?\d+", text)):
            size = self.size(int(one[0]))
            out.append([*one.span(), f"kept back here from requests that could use {zone} as well: {size}"])
        return out

    def buddy(self, text, found):
        out = []
        for order, one in enumerate(meminfo.BLOCK.finditer(text)):
            types = " or ".join(say.TYPES.get(letter, letter) for letter in one[3] or "")
            lists = f", on lists of: {types}" if types else ""
            each, whole = self.size(1 << order), self.size(int(one[1]) << order)
            said = f"free blocks of order {order}, {each} each: {one[1]}, in all {whole}{lists}"
            out.append([one.start(), one.end() - 1, said])
        start, end = found.span("total")
        size = self.size(int(found["total"]) // self.kb)
        return out + [[start, end + 2, f"all free blocks of {found['name']}: {size}"]]

    def trailer(self, _text, found):
        return [[*found.span(1), f"{say.TRAILER[found[2]]}: {self.size(int(found[1]))}"]]

    def swap(self, _text, found):
        size = self.size(int(found[2]) // self.kb)
        return [[found.start(2), found.end(), f"{say.SWAP[found[1]]}: {size}"]]

    def stats(self, _text, found):
        return [[*found.span(at), f"{what}: {found[at]}"] for at, what in enumerate(say.CACHE_STATS, 1)]

    def heading(self, _text, found):
        self.columns = ["pid", *found[1].split()]
        return []

    def task(self, text):
        values = list(re.finditer(r"-?\d+", text))[:len(self.columns)]
        out = []
        for name, one in zip(self.columns, values):
            size = self.size(int(one[0])) if name in say.IN_PAGES else one[0]
            what = say.COLUMNS.get(name, "a column of the table of processes")
            out.append([*one.span(), f"{name}: {what}: {size}"])
        return out

    def head(self, text):
        out = []
        for pattern, names in ((HEAD, HEADLINE), (PLACE, ASKED), (SCORE, CHOSEN)):
            for one in pattern.finditer(text):
                out += [[*one.span(name), self.with_order(name, what, one[name])]
                        for name, what in names.items() if one[name] is not None]
        return out

    def with_order(self, name, what, value):
        if name == "order" and int(value) >= 0:
            return f"{what}: {self.size(1 << int(value))}"
        return f"{what}: {value}"
