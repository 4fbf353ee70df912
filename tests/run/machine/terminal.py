"""`console`: one run whose serial console is this terminal, so that a person can press SysRq keys.

Ctrl-A x ends the emulator, Ctrl-A h tells what else it can do. Nothing is judged: the keys have a
part in what happens. The log is kept beside the results, under a name of its own.
"""
import contextlib
import subprocess
import sys
import termios

from machine import accel, balloon, qemu
from results import outcome
from machine.guest import image

NAME = "keys"
LONGEST = 24 * 3600.0  # seconds that a person may take
PATIENCE = 5  # seconds for the emulator to end itself
LEFT = 0  # its exit status after Ctrl-A x
HINT = "press h for help, t tasks, d locks, m memory, f OOM kill; Ctrl-A x leaves"
BALLOON_HINT = "the balloon's target: Ctrl-A c, balloon 64 (the guest's MiB), Ctrl-A c"


def run(spec):
    """Do one run on this terminal; return 0, or the exit code of how it ended."""
    folder = spec.folder
    folder.mkdir(parents=True, exist_ok=True)
    log, events = folder / f"{NAME}.log", folder / f"{NAME}-events.jsonl"
    for path in (log, events):
        path.unlink(missing_ok=True)
    line = qemu.kernel_line(spec)
    speed = accel.choose(spec) if spec.mode == "fast" else None
    argv = qemu.command(spec, line, log, events, image(spec, line, NAME), speed, serial(log))
    print(f"{HINT}; log: {log}", file=sys.stderr, flush=True)
    with balloon.host(spec, events, balloon.say) as host:
        if host.socket:
            print(f"{BALLOON_HINT}; or by QMP: {host.socket}", file=sys.stderr, flush=True)
        status = attend(argv + host.arguments, LONGEST if sys.stdin.isatty() else spec.timeout)
    found = None if status == LEFT else outcome.outcome(status, {}, [])
    return outcome.EXITS.get(found, 0)


def serial(log):
    """The serial port and QEMU's monitor share the terminal; Ctrl-C is a key like any other."""
    return ["-chardev", f"stdio,id=keys,mux=on,signal=off,logfile={qemu.quote(log)}",
            "-serial", "chardev:keys", "-mon", "chardev=keys"]


def attend(argv, seconds):
    """Run the emulator on this terminal; return its status, None at the time limit."""
    with same_terminal():
        child = qemu.spawn(argv, None, stdin=None)
        try:
            return child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end(child)


@contextlib.contextmanager
def same_terminal():
    """Leave the terminal as it was, however the emulator ends: it makes it raw."""
    before = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    try:
        yield
    finally:
        if before:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def end(child):
    """End the emulator if it has not ended; it shall have the time to finish its log."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
