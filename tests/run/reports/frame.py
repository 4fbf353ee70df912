"""What stands before a line's own text: the stamps and names that loggers put there.

Known here: the kernel's stamps, with log level and caller; `dmesg -H`; syslog, journal and their stamps;
container runtimes; marks of quoting in a mail. Whatever else stands before a line stays in it, so that such a
line is not understood rather than misread; logical.py may learn what it is.
"""
import json
import re

HOST = r"\S+ kernel:(?: |$)"
STAMPS = (  # those that may begin as another one does come first
    r"(?:[>|] *)+(?=\S)",                                                  # quoting
    r"\[ *\d+\.\d+\]\[ *[TC]\d+\] ?",
    r"\[ *\d+\.\d+\] " + HOST,                                           # journalctl -o short-monotonic
    r"\[ *\+?\d+\.\d+\] ?",
    r"\[[A-Z][a-z]{2} ?\d+ \d\d:\d\d\] ?",                               # dmesg -H
    r"\[\S{2,5} \S{3,5} [ \d]?\d \d\d:\d\d:\d\d \d{4}\] ?",            # dmesg -T, in any language
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d " + HOST,                    # syslog, journal
    r"(?:<\d+>(?:1 )?)?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)? "
    r"(?:std(?:err|out) [FP](?: |$)|" + HOST + r"|(?:\S+ )?kernel(?:\[\d+\]|\S*)?:? (?:- - -? ?)?)?",
    r"<\d+>",
    r"kern *:\w+ *: (?=\[)",                                             # dmesg -x
    r"kern(?:el)?(?:\.\w+)?: ?",                                         # facility
)
CALLER = re.compile(r"[^\[]{0,60}\[ *\d+\.\d+\]\[ *([TC]\d+)\]")
STAMP = re.compile("(?:" + "|".join(STAMPS) + r")\s*")
QUOTES = re.compile(r"[>|\s]*$")
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
TEXTS = ("log", "message", "MESSAGE", "msg")
LONGEST = 4096  # no kernel prints more; what is longer is no line of a report


def strip(line):
    """Return a line's own text, without blanks around it."""
    return take_off(line)[0]


def take_off(line):
    """Return a line's own text, and whether a stamp of its own stood before it."""
    text, at, stamped = line.strip()[:LONGEST], 0, False
    while found := STAMP.match(text, at):
        stamped |= text[at] not in ">|"
        at = found.end()
    if at:
        text = text[at:]
    return ("" if text[:1] in (">", "|") and QUOTES.match(text) else text), stamped


def caller(line):
    """Return who printed a line, as CONFIG_PRINTK_CALLER has it: T8473, C1; None: it does not say."""
    found = CALLER.match(line) if "][" in line else None
    return found[1] if found else None


def unpacked(line):
    """Return the lines that a logger has put into one: as JSON, or with #012 for a new line."""
    if line.startswith("{") and (text := from_json(line)) is not None:
        line = text
    if "\x1b" in line or not line.isprintable():
        line = ESCAPES.sub("", line.replace("\t", " ").replace("\xa0", " "))
        line = "".join(char for char in line if char.isprintable())
    if not line.isascii():  # figures of other scripts are none of a kernel's
        line = "".join("?" if char.isdigit() and not char.isascii() else char for char in line)
    return line.split("#012") if "#012" in line else [line]


def from_json(line):
    try:
        found = json.loads(line[:2 * LONGEST])
    except (ValueError, RecursionError):
        return None
    for name in TEXTS:
        if isinstance(found, dict) and isinstance(found.get(name), str):
            return found[name].rstrip("\n")
    return None
