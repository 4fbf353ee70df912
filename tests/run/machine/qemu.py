"""The emulator: its command line and one bounded run of it.

Knows nothing of what a run means; it returns the exit status and the seconds. A run that passes
its time limit is ended by its own process handle and by nothing else.
"""
import contextlib
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from machine import slots
from options import UserError

BINARY = "qemu-system-x86_64"
TCG = "tcg,thread=multi"  # one host thread for each CPU
KVM = "kvm"
POLL_SECONDS = 0.1


def binary():
    """Return the emulator: LOWWATER_QEMU when it is set."""
    return os.environ.get("LOWWATER_QEMU") or BINARY


def version():
    """Return the first line the emulator says of itself."""
    with tempfile.TemporaryFile() as out:
        spawn([binary(), "--version"], out).wait()
        out.seek(0)
        return out.readline().decode("utf-8", "replace").strip()


def kernel_line(spec):
    """Return the kernel command line; a word of ARGS replaces a declared one of that name."""
    words = [f"scenario={spec.scenario}", f"patch={spec.patch}", f"seed={spec.seed}"]
    if not spec.replays:
        words.append(f"sched={spec.sched}")
    if spec.mode == "exact":
        words.append(f"icount={spec.shift}")
    given = spec.args.split()
    names = {word.split("=")[0] for word in given}
    words += [word for word in spec.declared_args.split() if word.split("=")[0] not in names]
    return " ".join(words + given)


def command(spec, line, console, events, iso=None, accel=None, serial=None):
    """Return the emulator's argument list for a settled run, booting iso when one is given.

    The machine has what is named here and no more: without a screen, a network card and a monitor
    it starts in half the time, and no log is different for it. accel is a fast run's, TCG unless
    given; an exact run counts instructions. serial is the option list of another serial port than
    the file console. The files of disks (disks.made) are beside the file events.
    """
    return [binary(), "-machine", "pc", "-nodefaults", *clock(spec, accel),
            "-cpu", "qemu64", "-smp", str(spec.cpus), *memory(spec),
            "-rtc", "base=2000-01-01,clock=vm", "-seed", "1", "-no-reboot", "-display", "none",
            *(serial or ["-serial", f"file:{console}"]),
            "-chardev", f"file,id=events,path={quote(events)}",
            "-device", "isa-debugcon,iobase=0xe9,chardev=events",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
            *slots.arguments(spec, Path(events).parent), *medium(spec, line, iso)]


def memory(spec):
    """A guest that fills it gets it at once: page by page the host takes up to a third of such a run."""
    size = ["-m", str(spec.mem)]
    if not spec.fills_memory:
        return size
    return [*size, "-machine", "memory-backend=pc.ram",
            "-object", f"memory-backend-ram,id=pc.ram,size={spec.mem}M{slots.AT_ONCE}"]


def clock(spec, accel):
    """Exact: time is the instruction count, 2^shift ns each. Fast: the host's."""
    if spec.mode == "exact":
        return ["-accel", "tcg", "-icount", f"shift={spec.shift},sleep=off"]
    return ["-accel", accel or TCG]


def medium(spec, line, iso):
    if iso:
        return ["-boot", "d", "-cdrom", str(iso)]
    brought = ["-initrd", str(spec.state)] if getattr(spec, "state", None) else []
    return ["-kernel", str(spec.elf), "-append", line, *brought]


def quote(path):
    """QEMU splits option lists at commas; a doubled comma stands for one."""
    return str(path).replace(",", ",,")


def run(argv, log, timeout, tick=None, late=None):
    """Run argv; return (status, seconds), status None when the time limit ended it.

    The emulator's own messages go to the file log; tick(seconds) is called while it runs, and
    late() at the time limit, before the emulator is ended.
    """
    start = time.monotonic()
    child = None
    with open(log, "wb") as out:
        try:
            with held_back(signal.SIGINT, signal.SIGTERM):
                child = spawn(argv, out)
            status = wait(child, start, timeout, tick)
            seconds = time.monotonic() - start
            if status is None and late:
                late()
            return status, seconds
        finally:
            if child and child.poll() is None:
                child.kill()
                child.wait()


@contextlib.contextmanager
def held_back(*numbers):
    """Let signals wait: one that came while the emulator starts would leave it to itself."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where no signal comes
        return
    came = []
    before = {number: signal.signal(number, lambda *args: came.append(args[0]))
              for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def spawn(argv, out, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out} | options
    try:
        return subprocess.Popen(argv, **options)
    except OSError as error:
        raise UserError(f"{argv[0]}: cannot start the emulator ({error.strerror}); "
                        "install qemu-system-x86 or set LOWWATER_QEMU") from error


def wait(child, start, timeout, tick):
    """Return the child's status, None at the time limit; a sweep waits for many, so no sleeping."""
    handle = os.pidfd_open(child.pid)
    try:
        while (left := start + timeout - time.monotonic()) > 0:
            if select.select([handle], [], [], min(POLL_SECONDS, left))[0]:
                return child.wait()
            if tick:
                tick(time.monotonic() - start)
        return None
    finally:
        os.close(handle)
