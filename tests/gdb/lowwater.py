"""GDB commands for a Lowwater guest, live or in a core: `help lw`. Load with -x or `source`.

lw-zones, lw-buddy, lw-pageblocks, lw-pcp, lw-lru, lw-swap, lw-page, lw-tasks, lw-locks, lw-dmesg,
lw-oom-last, lw-oom, lw-events, lw-schedule, lw-sysrq.
They read the root object system_memory by its debug information, stop nothing, change nothing; only
lw-sysrq asks the guest for something.
"""
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import gdb  # noqa: E402

import lw_cache  # noqa: E402
import lw_events  # noqa: E402
import lw_log  # noqa: E402
import lw_lru  # noqa: E402
import lw_oom  # noqa: E402
import lw_page  # noqa: E402
import lw_read  # noqa: E402
import lw_schedule  # noqa: E402
import lw_swap  # noqa: E402
import lw_sysrq  # noqa: E402
import lw_tasks  # noqa: E402
import lw_unwind  # noqa: E402
import lw_zones  # noqa: E402


class Overview(gdb.Command):
    """Lowwater: what memory, tasks and the log of the guest look like at this stop.

lw-zones                 watermarks, free pages and counters of every zone
lw-buddy [ZONE]          free blocks by order and type, and the highatomic reserve
lw-pageblocks [ZONE]     pageblocks by type, and a map of them
lw-pcp                   per-CPU page lists
lw-lru [LIST [COUNT]]    lists of pages for reclaim, what waits for them, kswapd; a list's pages
lw-swap [AREA SLOT]      areas of swap; one slot's byte and page
lw-cache [INODE PAGE]    files whose pages are in memory; what is at one page of a file
lw-file [PID]            files that are open, their read-ahead, and who maps them
lw-page PFN              one page frame: its state, zone, pageblock, list, slot, who maps it
lw-tasks [-b]            tasks and what they wait for; -b: their call traces too
lw-locks                 locks held and who waits for them
lw-dmesg [LINES]         the kernel log, or its last lines
lw-oom-last              the last OOM or allocation-failure report in the log
lw-oom                   the OOM killer: its lock, victims, reaper, notifiers
lw-events [COUNT]        the last trace records: reserves, releases, steals, drains, ...
lw-schedule              the schedule that sched=@TOKEN replays, and who stands still
lw-sysrq KEY             press a SysRq key (h: help, f: OOM kill) in a live guest"""

    def __init__(self):
        super().__init__("lw", gdb.COMMAND_DATA)

    def invoke(self, _text, _from_tty):
        print(self.__doc__)


gdb.execute("set max-value-size unlimited")  # system_memory is larger than GDB expects of a value
Overview()
for module in (lw_zones, lw_lru, lw_swap, lw_cache, lw_page, lw_tasks, lw_oom, lw_log, lw_events, lw_schedule,
               lw_sysrq):
    for command in module.COMMANDS:
        command()
lw_unwind.register()
lw_read.tell_of_another_build()
