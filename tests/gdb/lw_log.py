"""lw-dmesg and lw-oom-last: the kernel log, read from its ring in memory."""
import re

import gdb

from lw_read import Command, NotYet, Trouble, address_of, cache, offset, symbol

STAMP = re.compile(r"^\[ *\d+\.\d+\] ?")
HEADER = re.compile(r" invoked oom-killer: |: page allocation failure: order:")
FAILURE_END = re.compile(r"\d+ pages hwpoisoned$")
COMPLAINT, EXIT_REFUSED = "lowwater: ", 2
OOM_END = re.compile(r"Killed process \d+ |---\[ end Kernel panic")


class Dmesg(Command):
    """The kernel log, or its last lines: lw-dmesg [LINES]"""

    name, usage, limits = "lw-dmesg", "[LINES]", (0, 1)

    def run(self, argv):
        if argv and not re.fullmatch(r"[1-9][0-9]{0,8}", argv[0]):
            raise Trouble(f"{argv[0]!r}: expected a number of lines, 1 or more")
        lines = log_lines()
        for line in lines[-int(argv[0]):] if argv else lines:
            print(line)


class OomLast(Command):
    """The last OOM or allocation-failure report in the log: lw-oom-last"""

    name = "lw-oom-last"

    def run(self, argv):
        report = last_report(log_lines())
        if not report:
            print("no OOM or allocation-failure report is in the log")
        for line in report:
            print(line)


def log_lines():
    """Return the lines still in the ring; one that was half overwritten is left out."""
    symbol("log_ring.total")
    at = address_of("log_ring")
    total = int(symbol("log_ring.total"))
    size = gdb.lookup_type("struct log_ring").sizeof - offset("log_ring", "ring")
    ring = cache.read(at + offset("log_ring", "ring"), size)
    if not total or not ring.strip(b"\0"):
        raise NotYet("the log is empty at this stop")
    if total <= size:
        return split(ring[:total])
    start = total % size
    return split((ring[start:] + ring[:start]).partition(b"\n")[2])


def split(data):
    return data.decode("utf-8", "replace").rstrip("\n").split("\n")


def last_report(lines):
    """Return the lines of the last report, up to its end or the log's."""
    start = max((i for i, line in enumerate(lines) if HEADER.search(line)), default=None)
    if start is None:
        return []
    oom = " invoked oom-killer: " in lines[start]
    for i in range(start, len(lines)):
        plain = STAMP.sub("", lines[i], count=1)
        if (OOM_END if oom else FAILURE_END).match(plain):
            return lines[start:i + 1]
    return lines[start:]


def quit_if_refused():
    """A guest that refused its parameters or its machine: its own line, and GDB's exit code 2."""
    try:
        frame = gdb.selected_frame()
        if frame.name() != "machine_exit" or int(frame.read_var("code")) != EXIT_REFUSED:
            return
        lines = [STAMP.sub("", line) for line in log_lines()]
    except (gdb.error, NotYet, Trouble):
        return
    cache.clear()
    print(next((line for line in reversed(lines) if COMPLAINT in line), lines[-1]))
    gdb.execute("kill")
    gdb.execute(f"quit {EXIT_REFUSED}")


COMMANDS = (Dmesg, OomLast)
