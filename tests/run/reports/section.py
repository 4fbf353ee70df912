"""The lines of one report, read one after the other.

Lines are told by their own marks; a few have none but their place: frames of a call trace, rows of
the task table. What is not understood is counted, and the first such lines are kept.
"""
import re

from reports import cgroup, headline, kill, tables
from reports.meminfo import MemInfo

UNREAD_KEPT, UNREAD_WIDTH = 3, 120
LOST = 500  # lines in a row that are no report's: it was cut short

FRAME = re.compile(r"(?:<\w+> +)?(?:\[<[0-9a-f]+>\] )?((?:\? )?[\w.$]+"
                   r"(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \[\w+\])?)")
CPUSET = re.compile(r".* cpuset=\S+ mems_allowed=([\d,-]*)")
# Understood, and not kept: what else kernels print, and the verdict, which the event carries.
OTHERS = re.compile(r"|Hardware name: .*|Workqueue: .*"
                    r"|COMPACTION is disabled!!!|(?:[0-9a-f]{8,16} ?)+|</?\w+>"
                    r"|[ER]IP: .*|Code: .*|[ER][A-Z0-9]{1,2}: [0-9a-f].*|R\d\d: .*|RSP: .*|DS: .*"
                    r"|Node \d+ hugepages_total=.*|(?:verdict|note|nothing to judge): .*"
                    r"|(?:UN)?AVOIDABLE: .*|FRAGMENTED: .*")
TRACES = ("Call Trace:", "Call trace:", "Backtrace:")


class Section:
    """One report being read; done at its last line."""

    def __init__(self, report):
        self.report = report
        self.memory = MemInfo(report)
        self.tables = tables.Tables(report)
        self.kill = kill.Kill(report)
        self.mode = None  # the part whose lines have no mark of their own
        self.mem_info = self.done = False
        self.lost = 0  # lines in a row that were not understood

    def takes(self, text):
        """False where a line shows that the report is over: it is another's."""
        if text.endswith("Mem-Info:"):
            return not self.mem_info
        if text.endswith(TRACES):
            return not self.report["trailer"]
        return "Kernel panic" not in text and not self.memory.is_repeated(text)

    def feed(self, text):
        if text in TRACES or text == "Mem-Info:":
            self.mode = "trace" if text != "Mem-Info:" else None
            self.mem_info |= self.mode is None
        elif self.mode == "trace" and (found := FRAME.fullmatch(text)):
            self.report["call_trace"].append(found[1])
        else:
            self.read(text)
        if self.report["kind"] in ("alloc-failure", "stall") and "hwpoisoned" in self.report["trailer"]:
            self.done = True  # such a report ends with the trailer

    def read(self, text):
        before, self.lost = self.lost, 0
        if self.tables.read(text):
            return
        if self.memory.read(text):
            self.mem_info = True  # its heading may be lost
        elif self.kill.read(text):
            self.done |= self.kill.done
        elif found := CPUSET.fullmatch(text):
            self.report["mems_allowed"] = found[1]
        elif not (cgroup.read(self.report, text) or headline.read_cpu(self.report, text)
                  or OTHERS.fullmatch(text)):
            self.lost = before
            self.unread(text)

    def unread(self, text):
        found = self.report["unread"]
        self.lost += 1
        self.done |= self.lost > LOST
        found["count"] += 1
        if len(found["first"]) < UNREAD_KEPT:
            found["first"].append(text[:UNREAD_WIDTH])
