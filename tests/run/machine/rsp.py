"""A small client of QEMU's gdbstub: breakpoints, registers, run until something stops it."""
import socket
import struct
import time
from dataclasses import dataclass

REGISTERS = struct.Struct("<17Q")  # rax rbx rcx rdx rsi rdi rbp rsp r8 to r15 rip
RAX, RBX, RDI, RIP = 0, 1, 5, 16
MOST_BYTES = 1024  # of memory, in one packet


class Gone(Exception):
    """The guest ended, or its time did; the text says which."""


@dataclass(frozen=True)
class Stop:
    """Where a CPU stands."""

    cpu: int
    rip: int
    rdi: int
    rbx: int


class Stub:
    """The conversation over a connected socket; it ends by `deadline` (time.monotonic)."""

    def __init__(self, sock, deadline):
        self.sock = sock
        self.deadline = deadline
        self.unread = b""
        self.breakpoints = set()
        self.last = None

    def insert(self, address):
        if address not in self.breakpoints:
            self.ask(f"Z1,{address:x},1")
            self.breakpoints.add(address)

    def remove(self, address):
        self.ask(f"z1,{address:x},1")
        self.breakpoints.remove(address)

    def resume(self):
        """Run to the next breakpoint and return the Stop."""
        if self.last and self.last.rip in self.breakpoints:
            self.step_off(self.last.rip)
        self.last = self.stopped(self.ask("c"))
        return self.last

    def step_off(self, address):
        self.remove(address)
        self.ask(f"vCont;s:{self.last.cpu + 1:x}")  # the other CPUs stand still meanwhile
        self.insert(address)

    def stopped(self, reply):
        if reply[:1] not in "TS":
            raise Gone("the guest ended without stopping")
        words = dict(part.split(":", 1) for part in reply[3:].split(";") if ":" in part)
        values = REGISTERS.unpack_from(bytes.fromhex(self.ask("g")))
        return Stop(int(words.get("thread", "1"), 16) - 1, values[RIP], values[RDI],
                    values[RBX])

    def read(self, address, size):
        """Return memory at an address as the CPU that stopped sees it."""
        parts = [self.ask(f"m{at:x},{min(MOST_BYTES, address + size - at):x}")
                 for at in range(address, address + size, MOST_BYTES)]
        return bytes.fromhex("".join(parts))

    def write(self, address, data):
        self.change(f"M{address:x},{len(data):x}:{data.hex()}")

    def set_register(self, number, value):
        self.ask("qXfer:features:read:target.xml:0,100")  # else QEMU sets none alone
        self.change(f"P{number:x}={struct.pack('<Q', value).hex()}")

    def detach(self):
        """Let the guest go on by itself; it may have ended before its answer is here."""
        self.sock.sendall(packed("D"))

    def change(self, payload):
        reply = self.ask(payload)
        if reply != "OK":
            raise Gone(f"the guest refused {payload[:20]!r}: {reply}")

    def ask(self, payload):
        """Send one packet and return the reply's text."""
        self.wait_no_longer_than_left()
        try:
            self.sock.sendall(packed(payload))
            reply = self.packet()
            self.sock.sendall(b"+")
        except socket.timeout as error:
            raise Gone("its time is up") from error
        except OSError as error:
            raise Gone("the guest ended without stopping") from error
        return reply

    def packet(self):
        while b"#" not in self.unread or len(self.unread) - self.unread.index(b"#") < 3:
            self.wait_no_longer_than_left()
            more = self.sock.recv(65536)
            if not more:
                raise Gone("the guest ended without stopping")
            self.unread += more
        text, self.unread = self.unread.split(b"#", 1)
        self.unread = self.unread[2:]
        return text[text.index(b"$") + 1:].decode("ascii", "replace")

    def wait_no_longer_than_left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Gone("its time is up")
        self.sock.settimeout(left)


def packed(payload):
    data = payload.encode()
    return b"$" + data + b"#%02x" % (sum(data) % 256)
