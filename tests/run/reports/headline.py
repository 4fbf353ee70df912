"""The first line of a report, and who asked for memory.

A task's name is free text of at most 15 bytes, and what stands before it may be a logger's prefix
that nobody knows: then the name is what the CPU line says, or unknown.
"""
import re

MASK = r"(?P<mask>0x[0-9a-f]+|0)(?:\((?P<flags>.*?)\))?"
OOM = re.compile(r"(?P<before>.*) invoked oom-killer: gfp_mask=" + MASK +
                 r"(?:, nodemask=(?P<nodemask>\(null\)|[\d,-]*))?, +order=(?P<order>-1|\d{1,2})"
                 r"(?:, (?:oom_|oomkill)adj=-?\d+)?(?:, oom_score_adj=(?P<adj>-?\d+))?")
PLACE = (r"(?:, ?nodemask=(?P<nodemask>\(null\)|[\d,-]*))?"
         r"(?:,cpuset=(?P<cpuset>.*?),mems_allowed=(?P<mems>[\d,-]*))?")
FAILURE = re.compile(r"(?P<before>.*): page allocation failure[:.] ?order:(?P<order>\d{1,2}), "
                     r"mode:" + MASK + PLACE)
STALL = re.compile(r"(?P<before>.*): page allocation stalls for (?P<ms>\d+)ms, order:(?P<order>\d{1,2}), "
                   r"mode:" + MASK + PLACE)
MARKS = ("oom-killer: gfp_mask", "page allocation failure", "page allocation stalls")
CPU = re.compile(r"\b(?:CPU: (?P<cpu>\d+)(?: UID: \d+)? PID|Pid): (?P<pid>\d+),? [Cc]omm: "
                 r"(?P<comm>.{1,20}?) (?:Not tainted|Tainted: .*?)"
                 r"(?:\s+(?P<release>\d+\.\d+\S*).*)?$")
COMM_BYTES = 15
PREFIX = re.compile(r"[<>|\[]|.*(?:: |[]>|] )")


def open_report(text):
    """Return a new report when text is the first line of one, else None."""
    if "oom-killer: " not in text and "page allocation " not in text:
        return None
    for kind, pattern in (("oom", OOM), ("alloc-failure", FAILURE), ("stall", STALL)):
        if found := pattern.fullmatch(text):
            return new_report(kind, found.groupdict())
    return None


def new_report(kind, found):
    adj = found.get("adj")
    return {"kind": kind, "line": None, "unit": "pages", "page_kb": 4, "comm": believed(found["before"]),
            "gfp_mask": found["mask"], "gfp_flags": found["flags"], "order": int(found["order"]),
            "oom_score_adj": int(adj) if adj is not None else None,
            "nodemask": found["nodemask"], "mems_allowed": found.get("mems"), "constraint": None,
            "stall_ms": int(found["ms"]) if "ms" in found else None, "memcg": None,
            "release": None, "trigger": None, "by_victim": False, "victim": None, "verdict": None, "preferred": None,
            "call_trace": [], "global": {}, "nodes": {}, "zones": {}, "trailer": {}, "tasks": [],
            "hugepages": [], "slabs": [], "allocations": [], "reaped": None, "malformed": [], "malformed_at": [], "unread": {"count": 0, "first": []}}


def believed(text):
    """Return text if it can be a task's name and nothing more, else None."""
    if not 0 < len(text.encode()) <= COMM_BYTES or PREFIX.match(text):
        return None
    return text


def read_cpu(report, text):
    """Read the CPU line: it names the task by itself, whatever stands before the headline."""
    found = CPU.search(text)
    if not found:
        return False
    if report["trigger"]:
        return report["trigger"]["pid"] == int(found["pid"])
    cpu = found["cpu"]
    report["trigger"] = {"comm": found["comm"], "pid": int(found["pid"]),
                         "cpu": int(cpu) if cpu else None}
    report["release"] = found["release"]
    if report["comm"] is None or report["comm"].endswith(" " + found["comm"]):
        report["comm"] = found["comm"]
    return True
