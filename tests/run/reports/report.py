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
    """Yield the reports of a log in that order, each as soon as it and all before it are over."""
    reader, nest = logical.Reader(), Nest()
    for number, line in enumerate(lines, 1):
        if not nest.stack and not reader.holds(logical.may_begin) and not logical.may_begin(line):
            continue
        if nest.stack and nest.stack[-1].tables.in_tasks and (row := nest.stack[-1].tables.bare.fullmatch(line)):
            nest.take_row(reader.flush(), row)
            continue
        for part in frame.unpacked(line):
            if whole := reader.feed(number, part):
                nest.take(*whole)
        if nest.over:
            yield from nest.taken()
    if whole := reader.flush():
        nest.take(*whole)
    nest.close(0)
    yield from nest.taken()


class Nest:
    """The reports that are open.

    An allocation failure printed by an interrupt may stand inside an OOM report: open reports
    form a stack, and a failure, whose last line is known, gives way to the one around it.
    """

    def __init__(self):
        self.stack, self.over = [], []
        self.killed = set()  # (pid, comm) of those that the OOM killer has killed so far

    def take(self, number, text):
        """A whole line: it begins a report, or belongs to one that is open."""
        header = headline.open_report(text)
        if header:
            header["line"] = number
            if header["kind"] == "oom":
                self.close(0)  # OOM reports never overlap: they are printed under one lock
            if len(self.stack) == DEEPEST:
                self.finish(self.stack.pop(0))  # its end is lost
            self.stack.append(Section(header))
        elif self.stack:
            self.read(number, text)

    def take_row(self, before, row):
        """A whole row of a task table, of which there are thousands: told at one glance."""
        if before:
            self.take(*before)
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
            self.finish(section)
        del self.stack[first:]

    def finish(self, section):
        one = section.report
        one["preferred"] = zones.preferred(one)
        one["by_victim"] = bool(one["trigger"]) and who(one["trigger"]) in self.killed
        if one["victim"]:
            self.killed.add(who(one["victim"]))
        self.over.append(one)

    def taken(self):
        """Return what is over and began before all that is open."""
        first = self.stack[0].report["line"] if self.stack else None
        found = sorted((one for one in self.over if first is None or one["line"] < first),
                       key=lambda one: one["line"])
        self.over = [one for one in self.over if first is not None and one["line"] > first]
        return found


def who(task):
    return task["pid"], task["comm"]
