"""`core`: run to a place, write the guest's memory as an ELF core that GDB opens.

Exit code 0, or 1 when the run never came to that place.
"""
import sys
from pathlib import Path

import console
import coremap
import elf
import rsp
from guest import HELPERS, Guest
from options import choice

PLACES = ("oom", "panic", "end")
CODES = {0: "finished", 2: "bad parameter or machine", 3: "panic", 4: "the watchdog's verdict"}
FATAL = (3, 4)


class NotReached(Exception):
    """The run ended before the place; the text says how."""


def run(spec, arm, place):
    """Write core-<place>.elf into the spec's folder and return the exit code."""
    choice("AT", place, PLACES)
    path = spec.folder / f"core-{place}.elf"
    path.unlink(missing_ok=True)
    try:
        with Guest(spec, arm, f"core-{place}", spec.timeout) as guest:
            stub = rsp.Stub(guest.stub, guest.deadline)
            cpu = reach(stub, place, elf.symbols(spec.elf), spec.elf)
            print(f"{place} reached; writing {spec.mem} MiB", file=sys.stderr)
            guest.dump(path)
        segments, left_out = coremap.rewrite(path, cpu)
    except (NotReached, rsp.Gone) as error:
        print(f"lowwater: core: {place} was not reached: {error}{complaint(guest.console)}",
              file=sys.stderr)
        return 1
    except BaseException:
        path.unlink(missing_ok=True)  # half a core must never pass for one
        raise
    print(f"{path}: {path.stat().st_size >> 20} MiB, {segments} segments")
    if left_out:
        print(f"{left_out} scattered pages of the app have no address of their own: too many "
              "segments; the direct map has them")
    print(f"console: {guest.console}")
    print(f"open it: gdb {spec.elf} {path} -x {shown(HELPERS)}")
    return 0


def shown(path):
    """Return a path as seen from here, when it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def complaint(log):
    """Return the guest's own line about what is wrong with its parameters, if it has one."""
    line = console.error_line(console.read_lines(log))
    return f": {line}" if line else ""


def reach(stub, place, table, path):
    """Run to the place; return the CPU that came to it."""
    def address(name):
        return elf.function(table, name, path)

    stub.insert(address("machine_exit"))
    if place == "oom":
        return after_report(stub, address)
    wanted = address("scenario_end") if place == "end" else None
    if wanted:
        stub.insert(wanted)
    while True:
        stop = stub.resume()
        if stop.rip == wanted or (place == "panic" and at_fatal_end(stop, address)):
            return stop.cpu
        check_not_over(stop, address)


def after_report(stub, address):
    """Stop where the killer returns from its first report: all of it is in the log by then."""
    killer, header = address("oom_kill_process"), address("dump_header")
    stub.insert(killer)
    stub.insert(header)
    back, printed = None, False
    while True:
        stop = stub.resume()
        check_not_over(stop, address)
        if (stop.rip, stop.rsp) == back:
            if printed:
                return stop.cpu
            stub.remove(stop.rip)  # a victim already dying gets no report
            back = None
        elif stop.rip == killer or (stop.rip == header and back is None):
            back = (stub.word(stop.rsp), stop.rsp + 8)
            stub.insert(back[0])
        printed = printed or stop.rip == header


def at_fatal_end(stop, address):
    return stop.rip == address("machine_exit") and code_of(stop) in FATAL


def check_not_over(stop, address):
    if stop.rip == address("machine_exit"):
        code = code_of(stop)
        raise NotReached(f"the guest ended with code {code} ({CODES.get(code, 'unknown')})")


def code_of(stop):
    return stop.rdi & 0xffffffff
