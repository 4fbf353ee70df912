"""Tests of what a result says of its origin: the command repeats the run, the tree's state is told."""
import hashlib
import shlex
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

from campaign import origin
from fake_build import FakeBuild
from test_make import make

WANTED = (("--scenario", "stuck"),
          ("--scenario", "stuck", "--patch", "x", "--mem", "64", "--args", "stuck.apps=5 hz=100", "--seed", "7"),
          ("--scenario", "stuck", "--shift", "2", "--cpus", "2", "--sched", "9", "--build", "debug"),
          ("--scenario", "spike", "--patch", "a,b", "--devices", "disk=64:pattern card=32"))


class Command(FakeBuild):
    def test_it_repeats_the_run(self):
        (self.build / "debug").mkdir()
        (self.build / "debug" / "lowwater.elf").write_bytes(b"ELF")
        for argv in WANTED:
            with self.subTest(argv):
                self.lowwater("run", *argv)
                first = self.result(argv[1], dict(zip(argv[::2], argv[1::2])).get("--patch", "none").replace(",", "+"))
                words = shlex.split(first["command"])
                self.assertEqual(words[:2], ["make", "run"])
                again = [f"--{name.lower()}={value}" for name, value in (word.split("=", 1) for word in words[2:])]
                code, out, err = self.lowwater("run", *again)
                self.assertIn(code, (0, 4), out + err)
                second = self.result(first["scenario"], first["arm"])
                for key in first.keys() - {"wall_seconds"}:
                    self.assertEqual(first[key], second[key], key)

    def test_make_takes_it(self):
        self.lowwater("run", "--scenario", "stuck", "--args", "outside=1 x=$y")
        words = shlex.split(self.result("stuck")["command"])
        self.assertIn("ARGS=outside=1 x=$$y", words)
        code, out, err = make(*words[1:])
        self.assertEqual((code, err), (0, ""))
        self.assertIn("--args='outside=1 x=$y'", out)

    def test_image_and_versions(self):
        (self.build / "lowwater.elf").write_bytes(b"ELF\0GNU C11 12.2.0 -O2\0GNU C11 12.2.0 -Og\0")
        self.lowwater("run")
        found = self.result("spike")
        self.assertEqual(found["image_sha256"], hashlib.sha256((self.build / "lowwater.elf").read_bytes()).hexdigest())
        self.assertEqual(found["toolchain"]["compiler"], "GNU C11 12.2.0")
        self.assertIn("ld", found["toolchain"]["linker"])
        self.assertEqual(found["qemu_version"], "fake emulator version 1")


class Revision(FakeBuild):
    def told(self, root):
        with mock.patch.object(origin, "ROOT", root):
            return origin.revision.__wrapped__()

    def test_clean_changed_and_none(self):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            self.assertEqual(self.told(root), {"commit": None, "clean": None})
            (root / "file").write_text("1", encoding="utf-8")
            for words in (["init", "-q"], ["add", "file"],
                          ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]):
                subprocess.run(["git", "-C", name, *words], check=True)
            found = self.told(root)
            self.assertRegex(found["commit"], "^[0-9a-f]{40}$")
            self.assertTrue(found["clean"])
            (root / "file").write_text("2", encoding="utf-8")
            self.assertEqual(self.told(root), found | {"clean": False})
            (root / "file").write_text("1", encoding="utf-8")
            (root / "other.c").write_text("", encoding="utf-8")  # the build takes what is there
            self.assertEqual(self.told(root), found | {"clean": False})
