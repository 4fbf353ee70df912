"""lw-events: the last trace records, read from their ring in memory."""
import re

import gdb

from lw_read import Command, NotYet, Trouble, symbol, text

FIELDS = 8


class Events(Command):
    """The last trace records, oldest first, as ftrace prints them: lw-events [COUNT]

Reserves, releases, steals, drains, fallbacks, wake-ups, slow-path entries; all that the ring
still has, or the last COUNT."""

    name, usage, limits = "lw-events", "[COUNT]", (0, 1)

    def run(self, argv):
        if argv and not re.fullmatch(r"[1-9][0-9]{0,8}", argv[0]):
            raise Trouble(f"{argv[0]!r}: expected a number of records, 1 or more")
        total = int(symbol("trace_ring.total"))
        if not total:
            raise NotYet("nothing has been recorded at this stop")
        size = int(gdb.parse_and_eval("sizeof(trace_ring.record) / sizeof(trace_ring.record[0])"))
        count = min(total, size, int(argv[0]) if argv else size)
        for number in range(total - count, total):
            print(line(symbol(f"trace_ring.record[{number % size}]")))


def line(record):
    """Return a record as ftrace prints one; a half-written one says so."""
    if not int(record["event"]):
        return "(being written at this stop)"
    event = record["event"].dereference()
    task = f"{record['comm'].string()}-{int(record['pid'])}"
    return (f"{task:>20} [{int(record['cpu']):03}] .... {int(record['ns']) / 1e9:12.6f}: "
            f"{text(int(event['name']))}: " + " ".join(arguments(event, record)))


def arguments(event, record):
    for at in range(FIELDS):
        if not int(event["field"][at]):
            return
        name, _, kind = text(int(event["field"][at])).partition(":")
        value = int(record["arg"][at])
        if kind == "s":
            yield f"{name}={text(value % (1 << 64))}"
        elif kind == "x":
            yield f"{name}={value % (1 << 64):#x}"
        else:
            yield f"{name}={value:#x}" if name == "gfp_flags" else f"{name}={value}"


COMMANDS = (Events,)
