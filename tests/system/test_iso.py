"""The GRUB image: what a run from it has in common with one that QEMU loads itself."""
import re
import tempfile
import unittest
from pathlib import Path

from machine import iso, qemu
import system
from system import STATUS

OPTIONS = {"scenario": "exit-race", "patch": "oom-reaper", "mem": "128", "shift": "4", "cpus": "2",
           "args": "watchdog_ms=3000"}
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
        status, _ = qemu.run(argv, folder / "qemu.log", system.TIMEOUT)
        return status, system.read(folder / "console.log")


def stamped(console):
    """Return [(microseconds, text)] of a console's lines."""
    found = [STAMP.match(text) for text in console.splitlines()]
    return [(int(one[1]) * 1000000 + int(one[2]), one.string[one.end():]) for one in found]


class SameRun(unittest.TestCase):
    """Two CPUs take turns, whose phases the loader leaves at random."""

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


if __name__ == "__main__":
    unittest.main()
