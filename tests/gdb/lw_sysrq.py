"""lw-sysrq: press a SysRq key in a live guest."""
import gdb

from lw_read import Command, Trouble, symbol

VARIABLE = "sysrq_requested"


class Sysrq(Command):
    """Press a SysRq key: lw-sysrq KEY

The guest answers at CPU 0's next timer tick, once it goes on. lw-sysrq h prints its keys in the
log; f kills the worst task, t prints tasks, d locks, m memory."""

    name, usage, limits = "lw-sysrq", "KEY", (1, 1)

    def run(self, argv):
        key = argv[0]
        if len(key) != 1 or not "!" <= key <= "~":
            raise Trouble(f"{key!r}: expected one key, such as f")
        if gdb.selected_inferior().connection.type == "core":
            raise Trouble("a core takes no keys: expected a live guest of `make debug`")
        waits = int(symbol(VARIABLE))
        if waits:
            raise Trouble(f"{chr(waits)!r} still waits for a tick of CPU 0: `continue` first")
        gdb.selected_inferior().write_memory(int(gdb.parse_and_eval(f"&{VARIABLE}")), key.encode())


COMMANDS = (Sysrq,)
