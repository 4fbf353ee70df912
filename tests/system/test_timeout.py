"""The facts of a run that the real emulator does not finish in time, and runs they never touch.

From the repository's root, with the kernel built. LOWWATER_BUILD_DIR names another build folder.
"""
import hashlib
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import system
from machine import rings
from machine.facts import QUESTIONS

RUNNER = Path(__file__).resolve().parent.parent / "run" / "lowwater.py"
BUILD = os.environ.get("LOWWATER_BUILD_DIR", "build")


class Timeout(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.results = place.name

    def lowwater(self, *argv):
        """Run spike; return (exit code, stdout, result, its folder)."""
        done = subprocess.run(["/usr/bin/python3", str(RUNNER), "run", "--scenario", "spike",
                               "--results", self.results, "--build-dir", BUILD, *argv],
                              capture_output=True, text=True, timeout=system.TIMEOUT, check=False)
        folder = system.newest(Path(self.results, "spike"))
        found = json.loads((folder / "result.json").read_text())
        return done.returncode, done.stdout, found, folder

    def late(self, *argv, devices="none"):
        """Run into the time limit; return (the facts' sections by heading, the result)."""
        code, shown, found, folder = self.lowwater(*argv, "--devices", devices)
        self.assertEqual((code, found["outcome"], found["notes"]), (5, "timeout", []), shown)
        self.assertRegex(found["message"], r"^after [\d.]+ s CPU 0 .*; more in timeout.txt$")
        self.assertIn(f"{folder}/timeout.txt\n", shown)
        self.assertNotIn("gdb", found["qemu"])
        parts = (folder / "timeout.txt").read_text().split("\n== ")[1:]
        sections = dict(part.split("\n", 1) for part in parts)
        self.assertEqual(list(sections), [heading for heading, _ in (
            *rings.questions(system.settled(devices=devices)), *QUESTIONS)])
        self.assertRegex(sections["registers"], r"(?m)^rip +0x")
        return sections, found

    def in_the_middle(self):
        """As late(), of a run that has come to its scenario by then: a busy host boots it slowly."""
        for seconds in ("2", "4", "8", "16", "32", "64"):
            sections, found = self.late("--mem", "8192", "--timeout", seconds, "--args", "outside=1",
                                        devices="disk=1 balloon card=1")
            if re.search("spike.*apps start", sections["the last of the log"]):
                return sections, found
        return self.fail("64 s were not enough to boot")

    def test_in_the_middle_of_a_scenario(self):
        sections, found = self.in_the_middle()
        self.assertRegex(sections["vda ring 0"], r"(?m)^ +used:\n +flags: \d+\n +idx: ")
        self.assertRegex(sections["balloon0 queue 1"], r"(?m)^ +queue_index: +1$")
        # Wherever it was stopped, an app or the kernel: by name, file and line.
        self.assertRegex(sections["call traces"], r"(?m)^#\d+ .* at [a-z]+/[\w/]+\.[cS]:\d+")
        self.assertRegex(sections["tasks"], r"(?m)^ +\d+ app1 ")
        self.assertRegex(sections["zones"], r"(?m)^DMA32 ")
        self.assertRegex(found["message"], r"CPU 0 (halted )?in [a-z_]\w+")

    def test_before_the_kernel_has_begun(self):
        sections, _ = self.late("--timeout", "0.1", "--mem", "16384", "--boot", "iso",
                                "--args", "outside=1")
        self.assertIn("lw-tasks", sections["tasks"])

    def test_the_stub_changes_nothing(self):
        code, shown, found, _ = self.lowwater("--mem", "128")
        self.assertEqual(code, 0, shown)
        alone = system.boot(scenario="spike", mem="128", build_dir=BUILD)
        self.assertEqual(found["console_sha256"],
                         hashlib.sha256(alone.console.encode()).hexdigest())


if __name__ == "__main__":
    unittest.main()
