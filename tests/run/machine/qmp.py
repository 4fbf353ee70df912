"""QEMU's monitor protocol (QMP): a line of JSON for each command, and for each answer.

Its greeting comes first and wants qmp_capabilities; events may stand between the answers.
"""
import json
import socket

from options import UserError

SECONDS = 20  # for an answer; the monitor answers at once also while the guest stands still


class Ended(Exception):
    """The emulator ended before it answered."""


class Monitor:
    """The conversation over a connected socket; its time limit is the socket's."""

    def __init__(self, sock):
        self.sock = sock
        self.lines = sock.makefile("r", encoding="utf-8", errors="replace")

    def greet(self):
        if "QMP" not in self.read("the greeting"):
            raise UserError("QEMU's monitor: expected its greeting first")
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        """Do one command and return its result; raise UserError when it is refused."""
        words = {"execute": command} | ({"arguments": arguments} if arguments else {})
        try:
            self.sock.sendall(json.dumps(words).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Ended(command) from error
        while True:
            reply = self.read(command)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise UserError(f"QEMU refused {command}: {reply['error']['desc']}")

    def read(self, command):
        try:
            line = self.lines.readline()
        except ConnectionResetError as error:
            raise Ended(command) from error
        if not line:
            raise Ended(command)
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UserError(f"QEMU's monitor: {line.strip()[:60]!r} to {command}: expected a JSON object")
        return found


def once(path, command, **arguments):
    """Connect, do one command, and let others connect again; return its result."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SECONDS)
        try:
            sock.connect(str(path))
            monitor = Monitor(sock)
            monitor.greet()
            return monitor.ask(command, **arguments)
        except TimeoutError as error:
            raise UserError(f"QEMU's monitor: no answer to {command} in {SECONDS} s; is another one "
                            f"connected to {path}?") from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise Ended(command) from error
