"""The emulator: its command line and one bounded run of it.

Knows nothing of what a run means; it returns the exit status and the seconds. A run that passes
its time limit is ended by its own process handle and by nothing else.
"""
import os
import subprocess
import time

from options import UserError

BINARY = "qemu-system-x86_64"
SHIFT = 0  # one virtual nanosecond for each guest instruction
POLL_SECONDS = 0.1


def binary():
    """Return the emulator: LOWWATER_QEMU when it is set."""
    return os.environ.get("LOWWATER_QEMU") or BINARY


def kernel_line(spec, arm_args=""):
    """Return the kernel command line; a word of ARGS replaces the arm's word of that name."""
    words = [f"scenario={spec.scenario}", f"patch={spec.patch}",
             f"seed={spec.seed}", f"sched={spec.sched}"]
    if spec.mode == "exact":
        words.append(f"icount={SHIFT}")
    given = spec.args.split()
    names = {word.split("=")[0] for word in given}
    words += [word for word in arm_args.split() if word.split("=")[0] not in names]
    return " ".join(words + given)


def command(spec, line, console, events, iso=None):
    """Return the emulator's argument list for a run, booting iso when one is given."""
    return [binary(), "-machine", "pc", *clock(spec.mode),
            "-cpu", "qemu64", "-smp", str(spec.cpus), "-m", str(spec.mem),
            "-rtc", "base=2000-01-01,clock=vm", "-seed", "1",
            "-net", "none", "-no-reboot", "-display", "none", "-monitor", "none",
            "-serial", f"file:{console}",
            "-chardev", f"file,id=events,path={quote(events)}",
            "-device", "isa-debugcon,iobase=0xe9,chardev=events",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
            *medium(spec, line, iso)]


def clock(mode):
    """Exact: time is the instruction count. Fast: one host thread for each CPU."""
    if mode == "exact":
        return ["-accel", "tcg", "-icount", f"shift={SHIFT},sleep=off"]
    return ["-accel", "tcg,thread=multi"]


def medium(spec, line, iso):
    if iso:
        return ["-boot", "d", "-cdrom", str(iso)]
    return ["-kernel", str(spec.elf), "-append", line]


def quote(path):
    """QEMU splits option lists at commas; a doubled comma stands for one."""
    return str(path).replace(",", ",,")


def run(argv, log, timeout, tick=None):
    """Run argv; return (status, seconds), status None when the time limit ended it.

    The emulator's own messages go to the file log; tick(seconds) is called while it runs.
    """
    start = time.monotonic()
    with open(log, "wb") as out:
        child = spawn(argv, out)
        try:
            return wait(child, start, timeout, tick), time.monotonic() - start
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()


def spawn(argv, out, **options):
    try:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    except OSError as error:
        raise UserError(f"{argv[0]}: cannot start the emulator ({error.strerror}); "
                        "install qemu-system-x86 or set LOWWATER_QEMU") from error


def wait(child, start, timeout, tick):
    while True:
        spent = time.monotonic() - start
        if spent >= timeout:
            return None
        try:
            return child.wait(min(POLL_SECONDS, timeout - spent))
        except subprocess.TimeoutExpired:
            if tick:
                tick(spent)
