"""The Linux OOM and allocation-failure reports of a log, as dicts of pages.

Reads any console log and skips what is between reports. A report begins with its headline; it ends
with its last line, or where a line shows that something else has begun: the next headline, a second
Mem-Info, a call trace after the trailer, a panic. Nothing is judged here but form: what a line says
in a shape it cannot be right in goes to `malformed`, lines that are not understood to `unread`;
whether the numbers agree is identities.py.
"""
from reports import frame, headline, zones
from reports.section import Section


def parse(lines):
    """Return the reports of a log, in the order of their first lines.

    An allocation failure printed by an interrupt may stand inside an OOM report: open reports
    form a stack, and a failure, whose last line is known, gives way to the one around it.
    """
    reports, stack = [], []
    for line in lines:
        text = frame.strip(line)
        header = headline.open_report(text)
        if header:
            if header["kind"] == "oom":
                stack.clear()  # OOM reports never overlap: they are printed under one lock
            stack.append(Section(header))
            reports.append(header)
        else:
            read(stack, text)
    for report in reports:
        report["preferred"] = zones.preferred(report)
    return reports


def read(stack, text):
    """Give a line to the innermost report that it can belong to; the others are over."""
    while stack and not stack[-1].takes(text):
        stack.pop()
    if stack:
        stack[-1].feed(text)
        if stack[-1].done:
            stack.pop()
