"""lw-schedule: the schedule that sched=@TOKEN replays, at this stop."""
import gdb

from lw_read import Command, NotYet, enum, symbol, text
from lw_tasks import who

STATES = {"WAITS": "waits", "MADE": "made", "REFUSED": "not made"}


class Schedule(Command):
    """The schedule that sched=@TOKEN replays: which of its switches have been made, and who stands
still: lw-schedule

`make debug ... BUILD=debug ARGS="sched=@..."` stops at each switch, in replay_switch()."""

    name = "lw-schedule"

    def run(self, argv):
        replay = replayed()
        names = {value: STATES[name] for name, value in enum("part_state").items()}
        for number in range(int(replay["nr"])):
            part = replay["part"][number]
            words = part["t"].dereference()
            print(f"{names[int(part['state'])]:9}{said(words)}"
                  + ("" if int(part["place"]) < 0 else
                     f", CPU {int(words['cpu'])} has come there {int(part['passes'])} times"))
        for cpu in range(int(symbol("nr_cpus"))):
            if int(replay["held"]) >> cpu & 1:
                print(f"CPU {cpu} stands still, {who(symbol(f'cpus[{cpu}].task').dereference())}")


def replayed():
    """Return the replay's state, where there is a token."""
    try:
        replay = symbol("replay")
    except gdb.error:
        raise NotYet("a release build replays no schedule: BUILD=debug") from None
    if not replay["on"]:
        raise NotYet("no schedule is replayed: ARGS=\"sched=@TOKEN\"")
    return replay


def said(words):
    """Return a part of the token as it was given."""
    return text(int(words["text"]))[:int(words["len"])]


COMMANDS = (Schedule,)
