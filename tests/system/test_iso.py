"""The GRUB image: what a run from it has in common with one that QEMU loads itself."""
import json
import re
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from machine import disks, iso, qemu
from test_boot import zones_of
import system
from system import STATUS

OPTIONS = {"scenario": "exit-race", "patch": "oom-reaper", "mem": "64", "shift": "4", "cpus": "2",
           "args": "watchdog_ms=3000 exit-race.rounds=1", "devices": "disk=64:pattern card=16 balloon"}
STAMP = re.compile(r"\[ *(\d+)\.(\d{6})\] ")


def log_of(boot, **options):
    """The console of a run that was booted this way."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = system.settled(results=name, boot=boot, **options)
        line, image = qemu.kernel_line(spec), None
        if boot == "iso":
            image = folder / "boot.iso"
            iso.build(iso.silent(line), spec.elf, image)
        argv = qemu.command(spec, line, folder / "console.log", folder / "events", image)
        with disks.made(spec, folder):
            status, _ = qemu.run(argv, folder / "qemu.log", system.TIMEOUT)
        return status, system.read(folder / "console.log")


def stamped(console):
    """Return [(microseconds, text)] of a console's lines."""
    found = [STAMP.match(text) for text in console.splitlines()]
    return [(int(one[1]) * 1000000 + int(one[2]), one.string[one.end():]) for one in found]


class SameRun(unittest.TestCase):
    """Two CPUs take turns, whose phases the loader leaves at random; a disk that is there is not booted."""

    def test_an_image_repeats_and_equals_the_kernel_alone(self):
        (status, first), (_, second) = (log_of("iso", **OPTIONS) for _ in range(2))
        self.assertEqual(status, STATUS["finished"], first[-300:])
        if first != second:  # see system.repeated()
            self.assertTrue(log_of("iso", **OPTIONS)[1] in (first, second), "three runs, three logs")
        _, plain = log_of("kernel", **OPTIONS)
        left, right = stamped(first), stamped(plain)
        self.assertEqual(len(left), len(right))
        for (ours, text), (theirs, other) in zip(left, right):
            with self.subTest(line=other):
                self.assertLessEqual(abs(ours - theirs), 1)
                if "Multiboot" in other:
                    self.assertEqual(text.replace("Multiboot 2", "Multiboot 1"), other)
                elif "boot took" in other:  # reading the loader's information
                    self.assertLess(abs(number(text) - number(other)), 200)
                else:
                    self.assertEqual(text, other)


def number(text):
    return int(re.search(r"\d+", text)[0])


class Monitor:
    """QEMU's monitor over a socket; the guest stands still when it has powered itself off."""

    def __init__(self, folder):
        self.path = folder / "monitor"
        self.argv = ["-chardev", f"socket,id=mon,path={self.path},server=on,wait=off",
                     "-mon", "chardev=mon,mode=control", "-no-shutdown"]

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(system.TIMEOUT)
        while True:
            try:
                self.sock.connect(str(self.path))
                break
            except OSError:
                time.sleep(0.05)  # QEMU has not made it yet; run() bounds all of this
        self.lines = self.sock.makefile("r", encoding="utf-8")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def close(self):
        self.lines.close()
        self.sock.close()

    def ask(self, command, **arguments):
        words = {"execute": command, "arguments": arguments}
        self.sock.sendall(json.dumps(words).encode() + b"\n")
        while "return" not in (reply := json.loads(self.lines.readline())):
            if "error" in reply:
                raise AssertionError(reply)
        return reply["return"]

    def wait_for(self, event):
        while json.loads(self.lines.readline()).get("event") != event:
            pass

    def crtc(self, index):
        """A pair of the CRTC's registers: a place in the text window, in characters."""
        value = 0
        for number_ in (index, index + 1):
            self.ask("human-monitor-command", **{"command-line": f"o /b 0x3d4 {number_:#x}"})
            said = self.ask("human-monitor-command", **{"command-line": "i /b 0x3d5"})
            value = value << 8 | int(said.split("=")[1], 16)
        return value


def without_screen(console):
    """What is said of all but the screen itself, which is one more device on the bus."""
    lines = [line.partition("] ")[2] for line in console.splitlines()]
    return "\n".join(line for line in lines
                     if not line.startswith(("pci 0000:00:02.0:", "boot took ")))


class Screen(unittest.TestCase):
    """What somebody sees who boots the image; a machine that goes off leaves it to be read."""

    COLUMNS, ROWS, WINDOW, SIZE = 80, 25, 0xb8000, 0x8000

    def show(self, line, vga="std"):
        """Boot the image in virtual time, of which GRUB's waits take little when an instruction takes
        much; return (console, rows of the screen, cursor)."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            spec = system.settled(results=name, boot="iso", mem="64", shift="4")
            image, memory = folder / "boot.iso", folder / "memory"
            iso.build(iso.silent(line), spec.elf, image)
            argv = qemu.command(spec, line, folder / "console.log", folder / "events", image)
            at = next(i for i, word in enumerate(argv) if word.startswith("isa-debug-exit"))
            del argv[at - 1:at + 1]
            monitor = Monitor(folder)
            with subprocess.Popen(argv + ["-vga", vga, *monitor.argv], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
                try:
                    monitor.connect()
                    monitor.wait_for("SHUTDOWN")
                    monitor.ask("pmemsave", val=self.WINDOW, size=self.SIZE, filename=str(memory))
                    start, cursor = monitor.crtc(0x0c), monitor.crtc(0x0e)
                finally:
                    child.kill()
                    monitor.close()
            text = memory.read_bytes()[::2].decode("latin-1")
            rows = [text[at:at + self.COLUMNS].rstrip() for at in
                    range(start, start + self.COLUMNS * self.ROWS, self.COLUMNS)]
            return system.read(folder / "console.log"), rows, cursor - start

    def folded(self, console):
        """A console's lines as a screen of so many columns has them."""
        return [line[at:at + self.COLUMNS].rstrip() for line in console.splitlines()
                for at in range(0, max(len(line), 1), self.COLUMNS)]

    def test_it_shows_what_serial_shows(self):
        for line in ("scenario=keys keys.press=1", "scenario=spike spike.apps=x"):
            with self.subTest(line=line):
                console, rows, cursor = self.show(line)
                expected = self.folded(console)[-(self.ROWS - 1):]
                self.assertEqual(rows[:len(expected)], expected)
                self.assertEqual("".join(rows[len(expected):]), "")
                self.assertEqual(cursor, len(expected) * self.COLUMNS)

    def test_a_run_that_counts_instructions_leaves_it_alone(self):
        """And has the same memory, of whichever loader's map."""
        logs = {without_screen(system.boot(extra=("-vga", vga), mem="64").console)
                for vga in ("std", "none")}
        self.assertEqual(len(logs), 1)
        console, rows, _ = self.show("scenario=info icount=4")
        self.assertIn("Multiboot 2", console)
        self.assertIn("scenario info finished", console)
        self.assertEqual(zones_of(console), zones_of(system.boot(mem="64").console))
        self.assertNotIn("scenario info finished", "\n".join(rows))


if __name__ == "__main__":
    unittest.main()
