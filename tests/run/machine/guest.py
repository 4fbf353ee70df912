"""A guest under control: QEMU halted at reset, with a monitor and a gdbstub to steer it.

The runner speaks to both over socket pairs, so nothing listens anywhere; only for a debugger of
the user's does the gdbstub listen, and then on 127.0.0.1. The emulator is ended on leaving.
"""
import contextlib
import re
import socket
import subprocess
import time
from pathlib import Path

from machine import balloon, iso, qemu, qmp
from options import UserError

LOOPBACK = "127.0.0.1"
HELPERS = Path(__file__).resolve().parent.parent.parent / "gdb" / "lowwater.py"


class Guest:
    """One emulator; `with Guest(...) as guest:`. A port of None: the stub is guest.stub."""

    def __init__(self, spec, name, timeout, port=None):
        self.deadline = time.monotonic() + timeout
        folder = spec.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.console = folder / f"{name}.log"
        self.messages = folder / f"{name}-qemu.log"
        self.channel = folder / f"{name}-events.jsonl"
        for path in (self.console, self.messages, self.channel):
            path.unlink(missing_ok=True)
        line = qemu.kernel_line(spec)
        self.argv = qemu.command(spec, line, self.console, self.channel, image(spec, line, name))
        self.argv += ["-S"]
        self.stack = contextlib.ExitStack()
        self.spec = spec
        self.port = port
        self.monitor = self.stub = self.child = self.talk = None

    def __enter__(self):
        try:
            self.start(self.stack.enter_context(balloon.host(self.spec, self.channel, balloon.say)))
            self.greet()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, host):
        self.monitor, monitor = socket.socketpair()
        self.stub, stub = socket.socketpair()
        listen = f"host={LOOPBACK},port={self.port},server=on,wait=off,nodelay=on"
        where = f"fd={stub.fileno()}" if self.port is None else listen
        argv = [*self.argv, *host.arguments, "-chardev", f"socket,id=monitor,fd={monitor.fileno()}",
                "-mon", "chardev=monitor,mode=control",
                "-chardev", f"socket,id=gdb,{where}", "-gdb", "chardev:gdb"]
        with open(self.messages, "wb") as out, monitor, stub:
            self.child = qemu.spawn(argv, out, pass_fds=(monitor.fileno(), stub.fileno()),
                                    start_new_session=True)  # Ctrl-C is for GDB alone

    def __exit__(self, *_):
        for sock in filter(None, (self.monitor, self.stub)):
            sock.close()
        if self.child:
            if self.child.poll() is None:
                self.child.kill()
            self.child.wait()
        self.stack.close()

    def greet(self):
        self.monitor.settimeout(qmp.SECONDS)
        self.talk = qmp.Monitor(self.monitor)
        try:
            self.talk.greet()
            if self.port is not None:
                self.port = self.find_port()
        except (OSError, qmp.Ended) as error:
            raise UserError(f"{self.argv[0]}: its monitor is silent; {self.said()}") from error

    def find_port(self):
        """Return the port QEMU took: with 0 it chose a free one."""
        for device in self.ask("query-chardev"):
            found = re.search(r"tcp:127\.0\.0\.1:(\d+)", device["filename"])
            if device["label"] == "gdb" and found:
                return int(found[1])
        raise UserError(f"{self.argv[0]}: the gdbstub does not listen; {self.said()}")

    def ask(self, command, **arguments):
        """Run one monitor command and return its result, or raise UserError."""
        try:
            return self.talk.ask(command, **arguments)
        except qmp.Ended as error:
            raise UserError(f"QEMU ended during {command}; {self.said()}") from error

    def dump(self, path):
        """Write physical memory and registers to path, as QEMU's ELF."""
        self.monitor.settimeout(max(1.0, self.deadline - time.monotonic()))
        try:
            self.ask("dump-guest-memory", paging=False, protocol=f"file:{path.resolve()}")
        except OSError as error:
            raise UserError(f"{path}: the dump took longer than the time limit") from error

    def said(self):
        """Return QEMU's last message."""
        try:
            self.child.wait(1)
        except subprocess.TimeoutExpired:
            pass
        text = self.messages.read_text(encoding="utf-8", errors="replace").strip()
        return text.splitlines()[-1] if text else "it said nothing"


def image(spec, line, name):
    """Return the one-entry image that an iso run boots from, freshly made, else None."""
    if spec.boot != "iso":
        return None
    out = spec.folder / f"{name}.iso"
    iso.build(iso.silent(line), spec.elf, out)
    return out
