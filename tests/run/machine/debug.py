"""`debug`: QEMU halted at reset, GDB attached with the helpers, run to the first stop.

Stops are hardware breakpoints: the kernel's text is read-only. QEMU ends when GDB does.
"""
import shutil
import signal
import subprocess
import sys
import time

from machine import elf
from machine.guest import HELPERS, LOOPBACK, Guest
from options import UserError, integer

STOPS = ("panic", "panic_regs", "machine_exit")  # the last: any end of a run
REPORTED = ("dump_header", "oom_kill_process")  # behind their calls a kill's report is in the log
LONGEST = 24 * 3600.0  # seconds that a person may think
SWITCH = "replay_switch"  # of a schedule that is replayed
GDB = "gdb"


def commands(batch, more):
    """Return the GDB commands of --batch "a;b" and of every --ex."""
    return [part.strip() for part in batch.split(";") if part.strip()] + list(more)


def run(spec, wanted, port="", halt=False):
    """Debug one run; with `wanted` commands GDB does those and ends. Return GDB's status."""
    if not shutil.which(GDB):
        raise UserError(f"{GDB}: not found; install the package gdb")
    stops = [] if halt else known_stops(spec.elf, spec.replays)
    timeout = spec.timeout if wanted else LONGEST
    with Guest(spec, "debug", timeout, integer("PORT", port or "0", 0, 65535)) as guest:
        print(f"gdbstub on {LOOPBACK}:{guest.port}, console in {guest.console}", file=sys.stderr)
        argv = gdb_command(spec.elf, guest.port, stops, wanted)
        return attend(argv, guest.deadline - time.monotonic(), bool(wanted))


def known_stops(path, replayed=False):
    image = elf.Image(path)
    stops = [f"*{at:#x}" for name in REPORTED if name in image.symbols for at in image.returns(name)]
    names = (SWITCH, *STOPS) if replayed else STOPS
    return stops + [name for name in names if name in image.symbols]


def gdb_command(path, port, stops, wanted):
    steps = ["set confirm off", "set print pretty on", f"source {HELPERS}",
             f"target remote {LOOPBACK}:{port}"]
    steps += [f"hbreak {name}" for name in stops]
    steps += ["continue", "python import lw_log; lw_log.quit_if_refused()"] if stops else []
    argv = [GDB, "-q", *(("-nx", "-batch") if wanted else ())]
    for step in [*steps, *wanted]:
        argv += ["-ex", step]
    return [*argv, str(path)]


def attend(argv, seconds, batch):
    """Run GDB to its end or its time limit; at a terminal Ctrl-C is for GDB."""
    before = signal.getsignal(signal.SIGINT)
    if not batch:
        signal.signal(signal.SIGINT, lambda *_: None)  # a handler, so that GDB does not inherit it
    child = None
    try:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL if batch else None)
        return child.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{GDB}: still running at the time limit of {seconds:.0f} s") from error
    except OSError as error:
        raise UserError(f"{GDB}: cannot start ({error.strerror})") from error
    finally:
        if child and child.poll() is None:
            child.kill()
            child.wait()
        signal.signal(signal.SIGINT, before)
