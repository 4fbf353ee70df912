"""The lines that say who was killed, and why: several kernels print two, or one in parts."""
import re

MESSAGE = (r"(?P<why>Out of memory|Memory cgroup out of memory|No available memory \(MPOL_BIND\))"
           r"(?: \(oom_kill_allocating_task\))?: ")
CHOSEN = re.compile(MESSAGE + r"[Kk]ill process (?P<pid>\d+) \((?P<comm>.*)\) score (?P<score>\d+) or "
                    r"(?:sacrifice child|a child)")
KILLED = re.compile(r"(?:" + MESSAGE + r")?Killed process (?P<pid>\d+)(?:, UID \d+,)? \((?P<comm>.*?)\)"
                    r"(?: (?:total-vm|vsz):(?P<vm>\d+)kB)?(?:, anon-rss:(?P<anon>\d+)kB)?"
                    r"(?:, file-rss:(?P<file>\d+)kB)?(?:, shmem-rss:(?P<shmem>\d+)(?:kB|\d*))?(?:, ?UID:.*)?")
CONSTRAINT = re.compile(r"oom-kill:constraint=CONSTRAINT_(?P<kind>\w+),nodemask=(?P<nodemask>\(null\)|[\d,-]*)"
                        r"(?:,cpuset=(?P<cpuset>.*?),mems_allowed=(?P<mems>[\d,-]*))?"
                        r"(?:,global_oom)?(?:,oom_memcg=(?P<memcg>.*?))?(?:,task_memcg=.*?)?"
                        r"(?:,task=(?P<comm>.*),pid=(?P<pid>\d+),uid=\d+)?")
REAPED = re.compile(r"oom_reaper: (?:reaped process|unable to reap pid:|giving up pid:) ?(\d+).*")
NOBODY = re.compile(r"(?:Out of memory and no killable processes\.\.\.|"
                    r"Tasks in .* are going to be killed due to memory\.oom\.group set)")


class Kill:
    """Reads them into a report; done once somebody was killed."""

    def __init__(self, report):
        self.report = report
        self.chosen = None
        self.done = False

    def read(self, text):
        """Read a line; False if it is none of them."""
        if "ill" not in text and "oom" not in text:
            return False
        if found := CHOSEN.fullmatch(text):
            self.chosen = found
        elif found := KILLED.fullmatch(text):
            self.report["victim"] = victim(found, self.chosen)
            self.done = True
        elif found := CONSTRAINT.fullmatch(text):
            self.constraint(found)
        elif found := REAPED.fullmatch(text):
            self.report["reaped"] = int(found[1])
        elif not NOBODY.fullmatch(text):
            return False
        if found and found.re in (CHOSEN, KILLED) and found["why"] == "Memory cgroup out of memory":
            self.report["constraint"] = "MEMCG"
        return True

    def constraint(self, found):
        report = self.report
        report["constraint"] = found["kind"]
        if found["nodemask"] != "(null)":
            report["nodemask"] = found["nodemask"]
        report["mems_allowed"] = found["mems"] or report["mems_allowed"]


def victim(killed, chosen):
    """Return who was killed; the score belongs to the process chosen, maybe its parent."""
    found = {"pid": int(killed["pid"]), "comm": killed["comm"], "score": None}
    for name in ("vm", "anon", "file", "shmem"):
        key = "total_vm_kb" if name == "vm" else name + "_rss_kb"
        found[key] = None if killed[name] is None else int(killed[name])
    if chosen:
        found |= {"score": int(chosen["score"]), "chosen_pid": int(chosen["pid"]),
                  "chosen_comm": chosen["comm"]}
    return found
