"""What a guest stood at when its time ran out: asked through GDB, written to timeout.txt.

Every run has a gdbstub on a socket in a private folder, and one with rings a monitor. Nobody talks to them
before the time limit, and nothing listens on the network. Whatever goes wrong here is a note of the run's, no error.
"""
import contextlib
import itertools
import re
import subprocess

from machine import qemu, qmp, rings, sockets
from options import UserError
from results import console
from machine.guest import HELPERS

NAME = "timeout.txt"
GDB = "gdb"
SECONDS = 30
STUCK_SECONDS = 5  # where a disk has not answered: QEMU stops for GDB once it does
REGISTERS = ("rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss "
             "fs_base gs_base k_gs_base cr0 cr2 cr3 cr4 cr8 efer")  # GDB's groups add all xmm
QUESTIONS = (  # heading, GDB command
    ("registers", "thread apply all -ascending -c info registers " + REGISTERS),
    ("call traces", "thread apply all -ascending -c backtrace 48"),
    ("tasks", "lw-tasks -b"), ("locks", "lw-locks"), ("zones", "lw-zones"),
    ("per-CPU lists", "lw-pcp"), ("lists for reclaim", "lw-lru"), ("swap", "lw-swap"),
    ("the last of the log", "lw-dmesg 40"),
)
THREAD = re.compile(r"Thread \d+ \(.*CPU#(\d+) \[(\w+)")
FRAME = re.compile(r"#0 +(?:(0x[0-9a-f]+) in )?(\S+) \(.*\)(?: at (\S+))?")


class Facts:
    """One run's way to its facts, and then the facts: where the CPUs stand, and notes."""

    def __init__(self, spec, folder):
        self.spec = spec
        self.path = folder / NAME
        self.socket = self.monitor = None
        self.where = None
        self.notes = []

    @contextlib.contextmanager
    def stub(self):
        """Yield the emulator's further arguments; the socket is gone afterwards."""
        with sockets.folder() as place:
            self.socket, self.monitor = place / "gdb", place / "facts"
            yield [*listener("gdb", self.socket), "-gdb", "chardev:gdb",
                   *([*listener("facts", self.monitor), "-mon", "chardev=facts,mode=control"]
                     if any(rings.of(self.spec)) else [])]

    def collect(self):
        """Ask the guest, which stops for it; the emulator is of no more use afterwards."""
        try:
            with open(self.path, "wb") as out:
                limit = STUCK_SECONDS if self.ask_rings(out) else SECONDS
                subprocess.run(gdb_command(self.spec, self.socket), stdin=subprocess.DEVNULL,
                               stdout=out, stderr=out, timeout=limit, check=False)
        except OSError as error:
            self.path.unlink(missing_ok=True)
            self.notes.append(f"no {NAME}: {GDB} cannot start ({error.strerror})")
            return
        except subprocess.TimeoutExpired:
            self.notes.append(f"{NAME} is not complete: {GDB} was ended after {limit} s")
        lines = console.read_lines(self.path)
        self.where = ", ".join(filter(None, (places(lines), rings.unanswered("\n".join(lines))))) or None
        if not places(lines):
            self.notes.append(f"{NAME} names no CPU: {GDB} said: {complaint(lines)}")


    def ask_rings(self, out):
        """Write the rings' state; return which of them wait, or None."""
        found = ""
        try:
            for section in rings.asked(self.spec, self.monitor):
                found += section
        except (qmp.Ended, UserError) as error:
            self.notes.append(f"{NAME} has not all rings: {error}")
        out.write(found.encode())
        out.flush()
        return rings.unanswered(found)


def listener(name, path):
    return ["-chardev", f"socket,id={name},path={qemu.quote(path)},server=on,wait=off"]


def gdb_command(spec, socket):
    steps = ["set confirm off", "set width 0", "set height 0",
             f"source {HELPERS}", f"target remote {socket}"]
    for heading, question in QUESTIONS:
        steps += [f"echo \\n== {heading}\\n", question]
    argv = [GDB, "-q", "-nx", "-batch"]
    for step in [*steps, "kill"]:  # the log shall end where the facts were taken
        argv += ["-ex", step]
    return [*argv, str(spec.elf)]


def places(lines):
    """Return where each CPU stands, in one line, from the first frames of the call traces."""
    found = []
    for head, first in zip(lines, lines[1:]):
        thread, frame = THREAD.match(head), FRAME.match(first)
        if thread and frame:
            cpu, state = thread.groups()
            address, name, source = frame.groups()
            name = address if name == "??" else name
            halted = " halted" if state == "halted" else ""
            found.append(f"CPU {cpu}{halted} in {name}" + (f" ({source})" if source else ""))
    return ", ".join(found) or None


def complaint(lines):
    """Return GDB's last line before the first heading: there it says why it could not connect."""
    before = itertools.takewhile(lambda line: not line.startswith("=="), lines)
    return console.last_line(list(before)) or "nothing"
