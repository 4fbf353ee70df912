"""What tests with a stand-in for the emulator share: a build folder and the runner's commands."""
import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import lowwater
from results import schema

FAKE = Path(__file__).parent / "fake_qemu.py"


class FakeBuild(unittest.TestCase):
    """A test with a build folder and a stand-in for the emulator."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.build = Path(place.name) / "build,dir"  # the comma must reach no option of QEMU
        self.build.mkdir()
        (self.build / "lowwater.elf").write_bytes(b"ELF")
        fake = mock.patch.dict(os.environ, LOWWATER_QEMU=str(FAKE))
        fake.start()
        self.addCleanup(fake.stop)

    def lowwater(self, *argv):
        """Run a command; return (exit code, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = lowwater.main([*argv, "--build-dir", str(self.build)])
        return code, out.getvalue(), err.getvalue()

    def result(self, scenario, arm="none"):
        """Return the last result of an arm, with whatever options it was run; it is as its schema says."""
        folder = self.build / "results" / scenario
        found = [*folder.glob(f"{arm}/result.json"), *folder.glob(f"{arm}@*/result.json")]
        path = max(found, key=lambda path: path.stat().st_mtime_ns)
        found = json.loads(path.read_text(encoding="utf-8"))
        self.assertIsNone(schema.mistake("result", found))
        return found
