"""What stands before a line's own text: the stamps and names that loggers put there.

Known here: the kernel's stamps, with log level and caller; `dmesg -H`; syslog and journal. Whatever
else stands before a line stays in it, so that such a line is not understood rather than misread.
"""
import re

FRAMES = (
    re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ kernel:(?: |$)"),  # syslog, journal
    re.compile(r"<\d+>"),
    re.compile(r"\[ *\d+\.\d+\] ?"),
    re.compile(r"\[ *\d+\.\d+\]\[ *[TC]\d+\] ?"),
    re.compile(r"\[ *\+\d+\.\d+\] ?"),
    re.compile(r"\[[A-Z][a-z]{2} ?\d+ \d\d:\d\d\] ?"),
)


LONGEST = 4096  # no kernel prints more; what is longer is no line of a report


def strip(line):
    """Return a line's own text, without blanks around it."""
    text = line.strip()[:LONGEST]
    while found := longest(text):
        text = text[found:]
    return text.strip()


def longest(text):
    return max(found.end() if (found := frame.match(text)) else 0 for frame in FRAMES)
