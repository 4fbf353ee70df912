"""Tests of how ELF files are read: what the linker put in a small program, and files that are none."""
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

from machine import elf
from options import UserError

SOURCE = """
__attribute__((noinline)) int twice(int n) { __asm__ volatile("" : "+r"(n)); return 2 * n; }
int again(int n) { return n ? twice(n) + 1 : 0; }
int _start(void) { return twice(1) + again(2); }
"""


class Elf(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.folder = Path(place.name)
        cls.path = cls.folder / "program"
        (cls.folder / "program.c").write_text(SOURCE, encoding="utf-8")
        subprocess.run(["gcc", "-O1", "-nostdlib", "-static", "-fno-inline", "-Wl,--build-id=0x1234abcd",
                        cls.folder / "program.c", "-o", cls.path], check=True)

    def test_symbols_and_calls_are_those_of_binutils(self):
        image = elf.Image(self.path)
        listed = subprocess.run(["nm", self.path], capture_output=True, text=True, check=True).stdout
        address = {line.split()[2]: int(line.split()[0], 16) for line in listed.splitlines()}
        for name in ("twice", "again", "_start"):
            self.assertEqual(image.address(name), address[name])
        code = subprocess.run(["objdump", "-d", self.path], capture_output=True, text=True, check=True).stdout
        lines = [line.split("\t") for line in code.splitlines() if "\t" in line]
        behind = [int(after[0].strip(" :"), 16) for line, after in zip(lines, lines[1:])
                  if "<twice>" in line[-1]]
        self.assertEqual((image.returns("twice"), len(behind)), (behind, 2))
        with self.assertRaisesRegex(UserError, "program: has no function thrice"):
            image.returns("thrice")

    def test_the_builds_identity(self):
        self.assertEqual(elf.build_id(self.path), "1234abcd")

    def test_the_kernels_image_does_not_know_where_it_was_built(self):
        image = Path("build/lowwater.elf").read_bytes()
        self.assertIn(b"mm/alloc/page_alloc.c", image)
        self.assertNotIn(os.getcwd().encode(), image)

    def test_program_headers_are_written_as_they_were_read(self):
        data = self.path.read_bytes()
        loads = [one for one in elf.segments(self.path) if one.kind == elf.PT_LOAD]
        self.assertGreater(len(loads), 1)
        self.assertTrue(all(one.pack() in data for one in loads))

    def test_what_is_torn_or_damaged_gets_one_line(self):
        data, rng, bad = self.path.read_bytes(), random.Random(3), self.folder / "bad"
        cuts = [data[:rng.randrange(len(data))] for _ in range(60)]
        wrong = [data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
                 for at in (*range(64), *(rng.randrange(len(data)) for _ in range(60)))]
        refused = 0
        for text in (b"", b"ELF", b"\x7fELF\x01" + data[5:], *cuts, *wrong):
            bad.write_bytes(text)
            for read in (elf.Image, elf.segments, elf.notes):
                try:
                    read(bad)
                except UserError as error:
                    refused += 1
                    self.assertRegex(str(error), "bad: expected a whole 64-bit ELF file$")
            elf.build_id(bad)
        self.assertGreater(refused, 100)


if __name__ == "__main__":
    unittest.main()
