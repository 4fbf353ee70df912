"""The lines of one report, read one after the other.

Lines are told by their own marks; a few have none but their place: frames of a call trace, rows of
the task table. What is not understood is counted, and the first such lines are kept.
"""
import re

from reports import headline
from reports.meminfo import MemInfo

UNREAD_KEPT, UNREAD_WIDTH = 3, 120

FRAME = re.compile(r"(?:<\w+> +)?(?:\[<[0-9a-f]+>\] )?((?:\? )?[\w.$]+"
                   r"(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \[\w+\])?)")
TASKS = re.compile(r"\[ +pid +\]((?: +\w+)+) name")
MESSAGE = (r"(?:(?:Out of memory|Memory cgroup out of memory)"
           r"(?: \(oom_kill_allocating_task\))?: )")
CHOSEN = re.compile(MESSAGE + r"Kill process (\d+) \((.*)\) score (\d+) or sacrifice child")
KILLED = re.compile(MESSAGE + r"?Killed process (\d+)(?:, UID \d+,)? \((.*)\) total-vm:(\d+)kB, "
                    r"anon-rss:(\d+)kB, file-rss:(\d+)kB(?:, shmem-rss:(\d+)kB)?(?:, UID:.*)?")
# Understood, and not kept: what else 4.8 prints, and the verdict, which the event carries.
OTHERS = re.compile(r"|.* cpuset=\S+ mems_allowed=[\d,-]+|Hardware name: .*|Workqueue: .*"
                    r"|COMPACTION is disabled!!!|(?:[0-9a-f]{16} ?)+|</?\w+>"
                    r"|Node \d+ hugepages_total=.*|(?:verdict|note|nothing to judge): .*"
                    r"|(?:UN)?AVOIDABLE: .*|FRAGMENTED: .*")


class Section:
    """One report being read; done at its last line."""

    def __init__(self, report):
        self.report = report
        self.memory = MemInfo(report)
        self.mode = self.chosen = None  # mode: the part whose lines have no mark of their own
        self.mem_info = self.done = False
        self.columns = []  # of the task table

    def takes(self, text):
        """False where a line shows that the report is over: it is another's."""
        if text.endswith("Mem-Info:"):
            return not self.mem_info
        if text.endswith("Call Trace:"):
            return not self.report["trailer"]
        return "Kernel panic" not in text and not self.memory.is_repeated(text)

    def feed(self, text):
        if text in ("Call Trace:", "Mem-Info:"):
            self.mode = "trace" if text[0] == "C" else None
            self.mem_info |= self.mode is None
        elif self.mode == "trace" and (found := FRAME.fullmatch(text)):
            self.report["call_trace"].append(found[1])
        elif not (self.table(text) or self.memory.read(text) or self.kill(text)
                  or headline.read_cpu(self.report, text) or OTHERS.fullmatch(text)):
            self.unread(text)
        if self.report["kind"] != "oom" and "hwpoisoned" in self.report["trailer"]:
            self.done = True  # an allocation failure ends with the trailer

    def unread(self, text):
        found = self.report["unread"]
        found["count"] += 1
        if len(found["first"]) < UNREAD_KEPT:
            found["first"].append(text[:UNREAD_WIDTH])

    def table(self, text):
        """The task table: its rows have the columns that the heading names."""
        if found := TASKS.fullmatch(text):
            self.mode, self.columns = "tasks", ["pid", *found[1].split(), "name"]
            return True
        if self.columns and (found := re.fullmatch(row(self.columns), text)):
            *values, name = found.groups()
            numbers = {column: int(word) for column, word in zip(self.columns, values)}
            self.report["tasks"].append(numbers | {"name": name})
            return True
        if self.mode == "tasks" and text.startswith("["):
            self.report["malformed"].append(f"task table row {text!r}")
            return True
        self.mode = None if self.mode == "tasks" else self.mode
        return False

    def kill(self, text):
        if found := CHOSEN.fullmatch(text):
            self.chosen = found
        elif found := KILLED.fullmatch(text):
            self.report["victim"] = victim(found, self.chosen)
            self.done = True
        else:
            return False
        return True


def row(columns):
    return r"\[ *(\d+)\]" + r" +(-?\d+)" * (len(columns) - 2) + " (.*)"


def victim(killed, chosen):
    """Return who was killed; the score belongs to the process chosen, maybe its parent."""
    found = {"pid": int(killed[1]), "comm": killed[2], "score": None,
             "total_vm_kb": int(killed[3]), "anon_rss_kb": int(killed[4]),
             "file_rss_kb": int(killed[5]),
             "shmem_rss_kb": None if killed[6] is None else int(killed[6])}
    if chosen:
        found |= {"score": int(chosen[3]), "chosen_pid": int(chosen[1]), "chosen_comm": chosen[2]}
    return found
