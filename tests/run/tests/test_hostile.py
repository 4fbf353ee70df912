"""Tests of a machine that is against us: full disks, folders that are files, files that are folders,
damaged files of our own. Each ends with one line that names it, exit code 2, and nothing half written.
"""
import hashlib
import importlib.util
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fake_build import FAKE, FakeBuild
from results import whole

RUNNER = Path("tests/run/lowwater.py")
RUN = ("run", "--scenario", "spike")
SWEEP = ("sweep", "--scenario", "spike", "--seeds", "1..2")
PROGRESS = ("run   ", "done  ", "sweep ")


class Hostile(FakeBuild):
    def told(self, *argv, most=None, stdout=subprocess.PIPE):
        """Run a command as its user does; no file may be longer than `most`. (code, what it complains of)"""
        def limit():
            if most is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        done = subprocess.run([sys.executable, RUNNER, *argv, "--build-dir", self.build], stdout=stdout,
                              stderr=subprocess.PIPE, text=True, preexec_fn=limit, check=False,
                              env=os.environ | {"LOWWATER_QEMU": str(FAKE.resolve()),
                                                "PYTHONDONTWRITEBYTECODE": "1"})  # a half of it
        lines = [line for line in done.stderr.splitlines() if not line.startswith(PROGRESS)]
        return done.returncode, "\n".join(lines)

    def refused(self, part, *argv, **more):
        if more:
            code, line = self.told(*argv, **more)
        else:
            code, _, line = self.lowwater(*argv)
            line = "\n".join(one for one in line.splitlines() if not one.startswith(PROGRESS))
        self.assertEqual((code, line.count("\n")), (2, 0), line)
        self.assertRegex(line, f"^lowwater: .*{part}")

    def left(self):
        """Files that are not whole: those of a name that is not theirs yet, and empty ones that say something."""
        return [path for path in self.build.rglob("*")
                if path.name.startswith(".new-") or path.name.endswith(".new")
                or path.suffix in (".xml", ".json", ".txt") and path.is_file() and not path.stat().st_size]

    def test_half_a_compiled_module(self):
        for module in ("options", "machine/elf"):
            with self.subTest(module), tempfile.TemporaryDirectory() as name:
                path = (Path(name) / RUNNER.resolve().relative_to("/")).parent / f"{module}.py"
                path = path.parent / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
                path.parent.mkdir(parents=True)
                source = (RUNNER.parent / f"{module}.py").stat()
                path.write_bytes(importlib.util.MAGIC_NUMBER + struct.pack(
                    "<III", 0, int(source.st_mtime), source.st_size))
                with mock.patch.dict(os.environ, PYTHONPYCACHEPREFIX=name):
                    self.refused(f"{name}: holds a half of what Python compiled", *RUN, most=None,
                                 stdout=subprocess.PIPE)

    def test_a_file_where_a_folder_should_be(self):
        for name, argv, part in (("results", RUN, "results/spike: Not a directory"),
                                 ("results/spike", RUN, "results/spike: File exists"),
                                 ("results/spike/none", RUN, "results/spike/none: Is a directory"),
                                 ("sweep", SWEEP, "sweep/spike/.*: Not a directory")):
            with self.subTest(name):
                path = self.build / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("mine")
                self.refused(part, *argv)
                self.assertEqual((path.read_text(), self.left()), ("mine", []))
                path.unlink()

    def test_a_folder_where_a_file_should_be(self):
        for name, argv in (("results/junit.xml", ("all",)), ("results/table.txt", ("all",)),
                           ("scenarios.json", RUN)):
            with self.subTest(name):
                (self.build / name).unlink(missing_ok=True)
                (self.build / name).mkdir(parents=True, exist_ok=True)
                self.refused(f"{name}: Is a directory$", *argv)
                self.assertEqual(self.left(), [])
                (self.build / name).rmdir()

    def test_a_write_that_ends_half_way(self):
        self.lowwater("list")
        for most in (2000, 6000):
            self.refused("results/spike/none/result.json: File too large", *RUN, most=most)
            self.assertEqual(list((self.build / "results/spike").iterdir()), [])
            self.assertEqual(self.left(), [])

    def test_a_full_disk_takes_no_run(self):
        full = mock.Mock(f_blocks=9, f_bfree=0, f_bavail=0)
        place = self.build / "results" / "spike" / "none"
        with mock.patch.object(os, "statvfs", return_value=full):
            with self.assertRaisesRegex(OSError, "No space left on device: .*spike/none'"):
                with whole.folder(place) as folder:
                    (folder / "console.log").write_text("torn")
        self.assertEqual(list(place.parent.iterdir()), [])

    def test_output_that_nobody_takes(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for argv in (RUN, ("list",)):
                self.refused("output: No space left on device", *argv, stdout=full)
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w", encoding="utf-8") as nobody:
            self.assertEqual(self.told("list", stdout=nobody), (141, ""))

    def test_a_damaged_table_of_scenarios_is_asked_for_again(self):
        sha = hashlib.sha256(b"ELF").hexdigest()
        whole_one = self.lowwater("list")
        for kept in ("", "[1]", "{", "null", "\x00", *({"elf_sha256": sha, "arms": arms} for arms in (
                None, 5, [], [1], {"a": 1}, "text", [{"scenario": "spike"}], [None]))):
            with self.subTest(kept):
                text = kept if isinstance(kept, str) else json.dumps(kept)
                (self.build / "scenarios.json").write_text(text)
                self.assertEqual(self.lowwater("list"), whole_one)
                self.assertEqual(len(json.loads((self.build / "scenarios.json").read_text())["arms"]), 6)


class Image(unittest.TestCase):
    def test_an_image_that_cannot_be_made_leaves_none(self):
        with tempfile.TemporaryDirectory() as name:
            build = Path(name)
            done = subprocess.run([sys.executable, "-c", (
                "import sys; sys.path.insert(0, 'tests/run')\nfrom pathlib import Path\n"
                "from machine import iso\nfrom options import UserError\n"
                "iso.GRUB = '/nowhere'\n"
                f"try: iso.build('', Path('build/lowwater.elf'), Path({str(build / 'x.iso')!r}))\n"
                "except UserError as error: print(error)")], capture_output=True, text=True, check=True)
            self.assertRegex(done.stdout, "^grub-mkrescue failed")
            self.assertEqual(list(build.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
