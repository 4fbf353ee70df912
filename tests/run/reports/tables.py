"""The tables of a report: tasks, unreclaimable slabs, and where memory was allocated."""
import re

TASKS = re.compile(r"\[ *pid *\]((?: +\w+)+) name")
TITLE = re.compile(r"Tasks state \(memory values in pages\):")
SLABS = re.compile(r"Unreclaimable slab info:|Name +Used +Total|excessive unreclaimable slab but cannot dump stats")
SLAB = re.compile(r"(\S+) +(\d+)KB +(\d+)KB")
ALLOCATIONS = re.compile(r"Memory allocations(?: \(profiling is currently turned \w+\))?:")
ALLOCATION = re.compile(r"(\d{1,20}(?:\.\d{1,4})?)(?: ?([KMGT]?i?B))? +(\d{1,20}) (\S+:\d+) (?:\[\w+\] )?func:(\S+)")
UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
MOST_ROWS = 100000  # a report with more is none


class Tables:
    """Puts their rows into a report."""

    def __init__(self, report):
        self.report = report
        self.columns, self.row, self.bare = [], None, None
        self.in_tasks = False

    def read(self, text):
        """Read a line; False if it is no part of a table."""
        first = text[:1]
        if first == "[":
            return self.task(text)
        self.in_tasks = False
        if first in "UNeMT" and (SLABS.fullmatch(text) or ALLOCATIONS.fullmatch(text)
                                 or TITLE.fullmatch(text)):
            return True
        if text.endswith("KB") and (found := SLAB.fullmatch(text)):
            self.report["slabs"].append(
                {"name": found[1], "used_kb": int(found[2]), "total_kb": int(found[3])})
            return True
        if " func:" in text and (found := ALLOCATION.fullmatch(text)):
            self.report["allocations"].append(
                {"bytes": int(float(found[1]) * UNITS.get(found[2], 1)), "calls": int(found[3]),
                 "where": found[4], "function": found[5]})
            return True
        return False

    def task(self, text):
        """The task table: its rows have the columns that the heading names."""
        if found := TASKS.fullmatch(text):
            self.in_tasks, self.columns = True, ["pid", *found[1].split(), "name"]
            self.row = re.compile(row(self.columns))
            self.bare = re.compile(r"(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? )?" + row(self.columns) + r"(?<! )\n?")
            return True
        if self.row and (found := self.row.fullmatch(text)):
            self.add(found)
            return True
        if self.in_tasks:
            self.report["malformed"].append(f"task table row {text!r}")
        return self.in_tasks

    def add(self, found):
        if len(self.report["tasks"]) < MOST_ROWS:
            *values, name = found.groups()
            self.report["tasks"].append(dict(zip(self.columns, map(int, values))) | {"name": name})


def row(columns):
    return r"\[ *(\d+)\]" + r" +(-?\d+)" * (len(columns) - 2) + r" ([ -~]*)"
