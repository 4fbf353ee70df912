"""The Linux OOM and allocation-failure reports of a log, as dicts of pages.

Reads any console log and skips what is between reports. A report begins with its headline; it ends
with its last line, or where a line shows that something else has begun: the next headline, a second
Mem-Info, a call trace after the trailer, a panic. Nothing is judged here but form: what a line says
in a shape it cannot be right in goes to `malformed`, lines that are not understood to `unread`;
whether the numbers agree is identities.py.
"""
from reports import frame, headline, logical, zones
from reports.section import Section


DEEPEST = 4  # reports that can be open at once: one in a task, and in interrupts of three kinds


def parse(lines):
    """Return the reports of a log, in the order of their first lines."""
    return list(stream(lines))


def stream(lines):
    """Yield the reports of a log in that order, each as soon as it and all before it are over.

    Where lines say who printed them, the reports of two CPUs at once are told by that.
    """
    log = Log()
    for number, line in enumerate(lines, 1):
        if "Linux version " in line:
            log.killed.clear()  # pids begin anew
        nest = log.nest_of(line)
        if nest is None:
            continue
        if nest.stack and nest.stack[-1].tables.in_tasks and (row := nest.stack[-1].tables.bare.fullmatch(line)):
            nest.take_row(row)
            continue
        for part in frame.unpacked(line):
            nest.feed(number, part)
        if log.over:
            yield from log.taken()
    yield from log.end()


def print_of(one):
    """Return what tells a report from others, and not from its own copy: `dmesg >> file`, twice."""
    return one["kind"], one["gfp_mask"], one["order"], repr(one["global"]), repr(one["zones"])


class Log:
    """What is open and what is over, of all who print."""

    def __init__(self):
        self.nests = {None: Nest(self)}
        self.last = None  # who printed the last line
        self.over = []
        self.killed = {}  # (pid, comm) of those that the OOM killer has killed so far: print_of() that report

    def nest_of(self, line):
        """Return the nest that a line goes to; None: it is of no report."""
        who = frame.caller(line)
        if who is not None:
            self.last = who
        nest = self.nests.get(who if who is not None or self.last not in self.nests else self.last)
        if nest and (nest.stack or nest.reader.holds(logical.may_begin)):
            return nest
        if not logical.may_begin(line):
            return None
        return self.nests.setdefault(who, Nest(self))

    def finish(self, section):
        one = section.report
        one["preferred"] = zones.preferred(one)
        killed_by = self.killed.get(task(one["trigger"])) if one["trigger"] else None
        one["by_victim"] = killed_by is not None and killed_by != print_of(one)  # else it is the same one again
        if one["victim"]:
            self.killed[task(one["victim"])] = print_of(one)
        self.over.append(one)

    def taken(self):
        """Return what is over and began before all that is open."""
        for who in [who for who, nest in self.nests.items() if who is not None and not nest.is_open()]:
            del self.nests[who]
        opened = [nest.stack[0].report["line"] for nest in self.nests.values() if nest.stack]
        first = min(opened, default=None)
        found = sorted((one for one in self.over if first is None or one["line"] < first),
                       key=lambda one: one["line"])
        self.over = [one for one in self.over if first is not None and one["line"] > first]
        return found

    def end(self):
        for nest in self.nests.values():
            nest.flush()
            nest.close(0)
        return self.taken()


class Nest:
    """The reports that are open.

    An allocation failure printed by an interrupt may stand inside an OOM report: open reports
    form a stack, and a failure, whose last line is known, gives way to the one around it.
    """

    def __init__(self, log):
        self.log = log
        self.stack, self.reader = [], logical.Reader()

    def is_open(self):
        return bool(self.stack) or self.reader.holds(logical.may_begin)

    def feed(self, number, part):
        if whole := self.reader.feed(number, part):
            self.take(*whole)

    def flush(self):
        if whole := self.reader.flush():
            self.take(*whole)

    def take(self, number, text):
        """A whole line: it begins a report, or belongs to one that is open."""
        header = headline.open_report(text)
        if header:
            header["line"] = number
            if header["kind"] == "oom":
                self.close(0)  # OOM reports never overlap: they are printed under one lock
            if len(self.stack) == DEEPEST:
                self.log.finish(self.stack.pop(0))  # its end is lost
            self.stack.append(Section(header))
        elif self.stack:
            self.read(number, text)

    def take_row(self, row):
        """A whole row of a task table, of which there are thousands: told at one glance."""
        self.flush()
        if self.stack and self.stack[-1].tables.in_tasks:
            self.stack[-1].tables.add(row)

    def read(self, number, text):
        """Give a line to the innermost report that it can belong to; the others are over."""
        while self.stack and not self.stack[-1].takes(text):
            self.close(len(self.stack) - 1)
        if self.stack:
            one = self.stack[-1].report
            self.stack[-1].feed(text)
            one["malformed_at"] += [number] * (len(one["malformed"]) - len(one["malformed_at"]))
            if self.stack[-1].done:
                self.close(len(self.stack) - 1)

    def close(self, first):
        """Nothing more belongs to the reports from there on."""
        for section in self.stack[first:]:
            self.log.finish(section)
        del self.stack[first:]


def task(one):
    return one["pid"], one["comm"]
