"""Tests of fast mode's choice of an accelerator, with a stand-in for the emulator."""
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from machine import accel, qemu
import options
from fake_build import FAKE
from test_parts import DEFAULTS


class Choice(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.build = Path(place.name)
        device = self.build / "kvm"
        device.touch()
        self.cache = self.build / "accel.json"
        self.patch(mock.patch.object(accel, "DEVICE", device))
        self.patch(mock.patch.dict(os.environ, LOWWATER_QEMU=str(FAKE)))
        os.environ.pop("LOWWATER_ACCEL", None)

    def patch(self, patcher):
        patcher.start()
        self.addCleanup(patcher.stop)

    def choose(self, tcg, kvm):
        """Choose where a boot takes so many seconds under each."""
        spec = options.make_spec(DEFAULTS | {"build_dir": str(self.build), "mode": "fast"})
        with mock.patch.dict(os.environ, FAKE_TCG=str(tcg), FAKE_KVM=str(kvm)):
            return accel.choose(spec)

    def test_the_faster_one_wins(self):
        self.assertEqual(self.choose(1, 0), qemu.KVM)

    def test_a_slower_kvm_is_ended_at_tcgs_time(self):
        self.assertEqual(self.choose(0.1, 600), qemu.TCG)

    def test_without_a_device_nothing_is_booted(self):
        (self.build / "kvm").unlink()
        with mock.patch.object(qemu, "run") as run:
            self.assertEqual(self.choose(1, 0), qemu.TCG)
        run.assert_not_called()

    def test_a_kvm_that_fails_loses(self):
        def run(argv, _log, limit):
            return (1, 0.01) if "kvm" in argv else (33, limit / 2)

        with mock.patch.object(qemu, "run", run):
            self.assertEqual(self.choose(0, 0), qemu.TCG)

    def test_a_kernel_that_does_not_boot_teaches_nothing(self):
        with mock.patch.object(qemu, "run", return_value=(39, 0.1)):
            self.assertEqual(self.choose(0, 0), qemu.TCG)
        self.assertFalse(self.cache.exists())

    def test_the_answer_is_kept(self):
        self.choose(1, 0)
        self.assertEqual(self.choose(0, 600), qemu.KVM)
        self.assertIn("fake emulator version 1", next(iter(json.loads(self.cache.read_text()))))

    def test_a_damaged_or_foreign_answer_is_made_anew(self):
        for text in ("", "{", "[1]", '{"another": "kvm"}'):
            with self.subTest(text):
                self.cache.write_text(text)
                self.assertEqual(self.choose(0.1, 600), qemu.TCG)
        kept = json.loads(self.cache.read_text())
        for value in ("magic", None, ["kvm"]):
            with self.subTest(value):
                self.cache.write_text(json.dumps(dict.fromkeys(kept, value)))
                self.assertEqual(self.choose(0.1, 600), qemu.TCG)

    def test_the_environment_overrides(self):
        for name, expected in (("kvm", qemu.KVM), ("tcg", qemu.TCG)):
            with mock.patch.dict(os.environ, LOWWATER_ACCEL=name):
                self.assertEqual(self.choose(0, 600), expected)
        self.assertFalse(self.cache.exists())
        with mock.patch.dict(os.environ, LOWWATER_ACCEL="hax"):
            with self.assertRaisesRegex(options.UserError, "LOWWATER_ACCEL='hax': expected tcg"):
                self.choose(0, 0)


if __name__ == "__main__":
    unittest.main()
