"""`core`: run to a place, write the guest's memory as an ELF core that GDB opens.

Exit code 0, or 1 when the run never came to that place, 2 when the guest refused what it was given.
"""
import sys
from pathlib import Path

from machine import coremap, elf, rsp
from results import console
from machine.guest import HELPERS, Guest
from options import UserError

PLACES = ("oom", "panic", "end")
CODES = {0: "finished", 2: "bad parameter or machine", 3: "panic", 4: "the watchdog's verdict"}
REFUSED = 2
FATAL = (3, 4)
REPORT = " invoked oom-killer: "


class NotReached(Exception):
    """The run ended before the place; the text says how, and the guest's code if it had one."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def run(spec, place):
    """Write core-<place>.elf into the spec's folder and return the exit code."""
    path = spec.folder / f"core-{place}.elf"
    try:
        with Guest(spec, f"core-{place}", spec.timeout) as guest:
            stub = rsp.Stub(guest.stub, guest.deadline)
            cpu = reach(stub, place, elf.Image(spec.elf), guest.console)
            print(f"{place} reached; writing {spec.mem} MiB", file=sys.stderr)
            guest.dump(path)
        segments, left_out = coremap.rewrite(path, cpu)
    except (NotReached, rsp.Gone) as error:
        print(f"lowwater: core: {place} was not reached: {error}{complaint(guest.console)}",
              file=sys.stderr)
        return REFUSED if getattr(error, "code", None) == REFUSED else 1
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


def reach(stub, place, image, log):
    """Run to the place; return the CPU that came to it."""
    over = image.address("machine_exit")
    for address in (over, *places_of(place, image)):
        stub.insert(address)
    while True:
        stop = stub.resume()
        if stop.rip == over:
            if place == "panic" and code_of(stop) in FATAL:
                return stop.cpu
            code = code_of(stop)
            raise NotReached(f"the guest ended with code {code} ({CODES.get(code, 'unknown')})", code)
        if place == "end" or REPORT in log.read_text(encoding="utf-8", errors="replace"):
            return stop.cpu


def places_of(place, image):
    """Return where to stop, besides the end of the run.

    QEMU's exact clock jumps to its next deadline when a stopped guest goes on, so the first stop
    must be the right one. For oom it is where the killer returns, or where a report without a
    kill does: all of the report is in the log by then. A victim that is already dying has none.
    """
    if place == "end":
        return [image.address("scenario_end")]
    if place == "panic":
        return []
    start, size = image.function("oom_kill_process")
    found = image.returns("oom_kill_process")
    if not found:
        raise UserError(f"{image.path}: no call of oom_kill_process was found to stop behind")
    return found + [at for at in image.returns("dump_header") if not start <= at < start + size]


def code_of(stop):
    return stop.rdi & 0xffffffff
