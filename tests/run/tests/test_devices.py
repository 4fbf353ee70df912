"""Tests of a run's devices: their words, the emulator's arguments, the files of disks."""
import dataclasses
import os
import struct
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import devices
import options
from campaign import arms, asked, distribution, listing
from fake_build import FakeBuild
from machine import disks, qemu, slots
from test_distribution import one as record
from test_parts import ARM, DECLARED, settled, spec

DISK = ("id=disk{n},if=none,format=raw,file.driver=file,file.filename={file},file.locking=off,cache=unsafe{ro}",
        "virtio-blk-pci,id=vd{name},drive=disk{n},ioeventfd=off,num-queues=1,werror=report,rerror=report,addr={at}{way}")


class Words(unittest.TestCase):
    def test_devices_have_one_text(self):
        for text, same in (
                ("none", "none"), ("disk=64", "disk=64"), ("disk=64:zero", "disk=64"),
                ("card=16  balloon disk=2:modern:ro:pattern disk=1", "disk=2:pattern:ro:modern disk=1 balloon card=16"),
                ("balloon=deflate:legacy", "balloon=deflate:legacy"), ("card=4096", "card=4096"),
                ("disk=64:ro:ext4", "disk=64:ext4:ro"), ("disk=32:legacy:ext2", "disk=32:ext2:legacy"),
                ("disk=065", "disk=65")):
            with self.subTest(text):
                self.assertEqual(devices.canonical(text), same)
                self.assertEqual(devices.canonical(same), same)

    def test_a_mistake_is_named_with_what_was_expected(self):
        for text, said in (
                ("dsik=64", "no device is named dsik; the nearest is disk; expected disk=MIB[:zero"),
                ("nnoe", "no device is named nnoe; the nearest is none; expected"),
                ("disk", "disk; expected disk=MIB, 1 to 65536"), ("disk=", "disk=; expected disk=MIB"),
                ("disk=0", "disk=0; expected disk=MIB"), ("disk=65537", "disk=65537; expected"),
                ("disk=" + "9" * 5000, "; expected disk=MIB"), ("disk=²", "; expected disk=MIB"),
                ("disk=1G", "disk=1G; expected disk=MIB"), ("card", "card; expected card=MIB, 1 to 4096"),
                ("card=48", "card=48; expected a power of two, as the memory of a PCI card is: 32 or 64"),
                ("card=8192", "card=8192; expected card=MIB, 1 to 4096"),
                ("card=2:ro", "card=2:ro: card has no ro; expected nothing behind the size"),
                ("disk=1:patern", "disk=1:patern: disk has no patern; the nearest is pattern; expected zero or"),
                ("disk=1:fs", "disk=1:fs: disk has no fs; expected zero"),
                ("disk=31:ext4", "disk=31:ext4; expected 32 MiB at least, for a file system with its files"),
                ("disk=1000:ext4 disk=32:ext2", "1032 MiB of disks with files; expected at most 1024"),
                ("disk=64:ext3", "disk=64:ext3: disk has no ext3; the nearest is ext4; expected zero"), ("disk=1:", "disk has no ; expected"),
                ("disk=1:zero:pattern", "expected zero or pattern or ext4 or ext2 once"), ("disk=1:ro:ro", "expected ro once"),
                ("disk=1:legacy:modern", "expected legacy or modern once"),
                ("balloon=", "balloon=; expected balloon or balloon=deflate"), ("balloon=64", "balloon=64; expected"),
                ("balloon:ro", "balloon:ro: balloon has no ro; expected legacy or modern"),
                ("balloon balloon=deflate", "2 of balloon; expected at most 1"),
                ("card=1 card=2", "2 of card; expected at most 1"), ("none disk=1", "none stands beside other words"),
                ("disk=1 " * 9, "9 of disk; expected at most 8"),
                ("disk=65536 disk=1", "65537 MiB of disks; expected at most 65536"),
                ("disk=1000:pattern disk=25:pattern", "1025 MiB of disks with a pattern; expected at most 1024")):
            with self.subTest(text[:40]):
                with self.assertRaises(options.UserError) as caught:
                    spec(devices=text)
                self.assertTrue(str(caught.exception).startswith("DEVICES='"), caught.exception)
                self.assertIn(said, str(caught.exception))
                self.assertNotIn("\n", str(caught.exception))


class Settled(unittest.TestCase):
    """What the user says wins, then the arm, then the scenario; nothing is none."""

    ARM = dataclasses.replace(ARM, devices="disk=8 balloon", every_devices="card=2")

    def test_precedence(self):
        for table, changes, expected in (
                ((), {}, "none"), ([ARM], {}, "none"), ([self.ARM], {}, "disk=8 balloon"),
                ([self.ARM], {"patch": "another"}, "card=2"), ([self.ARM], {"devices": "none"}, "none"),
                ([self.ARM], {"devices": " "}, "disk=8 balloon"), ([self.ARM], {"devices": "disk=9"}, "disk=9"),
                ([self.ARM], {"scenario": "another"}, "none")):
            with self.subTest(changes, declared=bool(table)):
                one = settled(table, **changes)
                self.assertEqual(one.devices, expected)
                self.assertEqual(arms.settle(one, list(table)), one)

    def test_the_folder_says_what_is_not_as_declared(self):
        for table, text, variant in (((), "", ""), ((), "none", ""), ([self.ARM], "none", "@devices=none"),
                                     ((), "card=2 disk=8:ro", "@devices=disk=8:ro+card=2"),
                                     ([self.ARM], "balloon disk=8:zero", "")):
            self.assertEqual(settled(table, devices=text).variant, variant)

    def test_an_arm_speaks_for_the_devices_that_it_declares(self):
        known = arms.Known({"arms": [DECLARED["arms"][0] | {"devices": "disk=8", "every_devices": "disk=8"}],
                            "scenarios": [{"name": "spike", "file": "spike.c"}]})
        for text, why in (("", ""), ("disk=8:zero", ""), ("disk=9", 'not declared: DEVICES="disk=9"'),
                          ("none", 'not declared: DEVICES="none"')):
            one, arm = asked.settle(spec(devices=text), known)
            self.assertEqual((one.undeclared, arm is None), (why, bool(why)))

    def test_a_mistake_in_what_is_declared(self):
        for field in ("devices", "every_devices"):
            known = arms.Known({"arms": [DECLARED["arms"][0] | {field: "disk=8 crad=4"}],
                                "scenarios": [{"name": "spike", "file": "tests/spike.c"}]})
            [line] = known.faults["spike"]
            self.assertTrue(line.startswith("tests/spike.c: scenario spike: arm none: .devices: no device is "
                                            "named crad; the nearest is card; expected "), line)
            with self.assertRaises(asked.Faulty):
                asked.settle(spec(), known)
            with self.assertRaisesRegex(options.UserError, r"^scenario spike: \.devices: '.*no device"):
                arms.settle(spec(patch="none" if field == "devices" else "another"), known)  # of make bench

    def test_the_list_has_them(self):
        arm = DECLARED["arms"][0] | {"devices": "disk=8", "every_devices": "disk=8"}
        text = listing.text(arms.Known({"arms": [arm, arm | {"patch": "two", "devices": "none"}]}))
        self.assertIn('MEM=96 SHIFT=4 DEVICES="disk=8" ARGS="a=1 c=3"', text)
        self.assertEqual(text.count('      DEVICES="none"\n'), 1)

    def test_the_command_that_does_a_run_again(self):
        for given, said in (("", None), ("none", " DEVICES=none"), ("disk=8 card=2", " DEVICES='disk=8 card=2'")):
            one = distribution.reproduce(spec(mem="64", devices=given), record())
            self.assertEqual(one.count("DEVICES"), said is not None)
            self.assertIn(said or "", one)


class Arguments(unittest.TestCase):
    def arguments(self, text):
        return slots.arguments(spec(devices=text), Path("a,b"))

    def test_nothing(self):
        self.assertEqual(self.arguments("none"), [])
        self.assertEqual(self.arguments(""), [])

    def test_each_has_a_slot_of_its_own(self):
        found = self.arguments("card=16 balloon=deflate:modern disk=1:pattern:ro:legacy disk=2")
        def drive(n, at, ro="", way=""):
            return [word for option, text in zip(("-drive", "-device"), DISK) for word in (option, text.format(
                n=n, file=f"a,,b/disk{n}.img", ro=ro, name="ab"[n], at=at, way=way))]
        self.assertEqual(found, [
            *drive(0, "0x2", ",readonly=on", ",disable-modern=on"), *drive(1, "0x5"),
            "-device", "virtio-balloon-pci,id=balloon0,deflate-on-oom=on,addr=0x3,disable-legacy=on",
            "-object", "memory-backend-ram,id=card0,size=16M", "-device", "ivshmem-plain,memdev=card0,addr=0x1f"])
        self.assertIn("virtio-balloon-pci,id=balloon0,deflate-on-oom=off,addr=0x3", self.arguments("balloon"))

    def test_a_guest_that_fills_its_memory_is_given_it_at_once(self):
        def command(fills):
            one = dataclasses.replace(settled(devices="card=16", mem="96"), fills_memory=fills)
            return qemu.command(one, "line", "folder/C", "folder/E")
        for word in ("memory-backend=pc.ram", "memory-backend-ram,id=pc.ram,size=96M,prealloc=on",
                     "memory-backend-ram,id=card0,size=16M,prealloc=on"):
            self.assertIn(word, command(True))
        self.assertFalse([word for word in command(False) if "prealloc" in word or "pc.ram" in word])

    def test_but_not_more_than_it_can_have_in_a_moment(self):
        fills = [dataclasses.replace(ARM, fills=True)]
        for mem, at_once in (("128", True), ("4096", True), ("4097", False), ("16384", False)):
            self.assertEqual(settled(fills, mem=mem).fills_memory, at_once, mem)
        self.assertFalse(settled([ARM], mem="128").fills_memory)

    def test_no_disk_shares_the_balloons_interrupt(self):
        def line(slot):
            return (10, 10, 11, 11)[(slot - 1) % 4]  # of INTA: devices.md §35.2
        self.assertEqual({line(slot) for slot in slots.DISK_SLOTS}, {10})
        self.assertEqual(line(slots.BALLOON_SLOT), 11)
        used = [*slots.DISK_SLOTS, slots.BALLOON_SLOT, slots.CARD_SLOT]
        self.assertEqual((len(slots.DISK_SLOTS), len(set(used))), (devices.MAX_DISKS, len(used)))

    def test_they_are_part_of_the_command(self):
        argv = qemu.command(settled(devices="disk=3"), "line", "folder/C", "folder/E")
        self.assertIn("file.filename=folder/disk0.img", " ".join(argv))


class Files(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)

    def test_they_are_sparse_and_go_with_the_run(self):
        with disks.made(spec(devices="disk=64 disk=2:ro balloon"), self.folder):
            found = {path.name: path.stat() for path in self.folder.iterdir()}
            self.assertEqual({name: one.st_size >> 20 for name, one in found.items()},
                             {"disk0.img": 64, "disk1.img": 2})
            self.assertEqual({one.st_blocks for one in found.values()}, {0})
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_they_go_however_the_run_ends(self):
        for end in (KeyboardInterrupt, SystemExit, OSError):
            with self.assertRaises(end):
                with disks.made(spec(devices="disk=1 disk=1:pattern"), self.folder):
                    raise end
            self.assertEqual(list(self.folder.iterdir()), [])

    def test_every_word_of_a_pattern_tells_its_place(self):
        with disks.made(spec(devices="disk=2:pattern"), self.folder):
            data = (self.folder / "disk0.img").read_bytes()
        words = struct.unpack(f"<{len(data) // 8}Q", data)
        self.assertEqual(len(data), 2 << 20)
        self.assertEqual(list(words), [(block << 32 | index) ^ 0x4c4f575741544552
                                       for block in range(512) for index in range(512)])

    def test_a_full_disk(self):
        with mock.patch.object(disks, "pattern", side_effect=OSError(28, "No space left on device")):
            with self.assertRaises(OSError) as caught:
                with disks.made(spec(devices="disk=1 disk=1:pattern"), self.folder):
                    self.fail("it was not made")
        self.assertEqual(caught.exception.filename, str(self.folder / "disk1.img"))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_host_that_filled_up_while_the_run_wrote(self):
        full = os.statvfs_result([4096, 4096, 100, 0, 0, 0, 0, 0, 0, 255])
        for text, ends in (("disk=1", True), ("balloon", False)):
            with mock.patch.object(os, "statvfs", return_value=full):
                try:
                    with disks.made(spec(devices=text), self.folder):
                        pass
                    self.assertFalse(ends)
                except OSError as error:
                    self.assertEqual((error.errno, ends), (28, True))
            self.assertEqual(list(self.folder.iterdir()), [])


class Runs(FakeBuild):
    """With a stand-in for the emulator."""

    def test_a_run_says_what_it_had(self):
        self.assertEqual(self.lowwater("run")[0], 0)
        self.assertEqual(self.result("spike")["devices"], "none")
        code, out, err = self.lowwater("run", "--devices", "card=2 disk=1:pattern")
        self.assertEqual(code, 0, err)
        found = self.result("spike")
        self.assertEqual(found["devices"], "disk=1:pattern card=2")
        [folder] = (self.build / "results" / "spike").glob("none@*")
        self.assertEqual(folder.name, "none@devices=disk=1:pattern+card=2")
        self.assertIn(f"file.filename={str(folder).replace(',', ',,')}/disk0.img,", found["qemu"])
        self.assertEqual(list(self.build.rglob("*.img")), [])

    def test_disks_are_there_while_it_runs_and_gone_when_it_is_interrupted(self):
        seen = []

        def interrupt(*_):
            seen.extend(path.name for path in self.build.rglob("*.img"))
            raise KeyboardInterrupt

        self.lowwater("list")
        with mock.patch.object(qemu, "wait", interrupt):
            code, _, err = self.lowwater("run", "--devices", "disk=1 disk=1")
        self.assertEqual((code, err.splitlines()[-1]), (130, "lowwater: interrupted"))
        self.assertEqual(sorted(seen), ["disk0.img", "disk1.img"])
        self.assertEqual(list(self.build.rglob("*.img")), [])

    def test_a_full_disk_is_one_line(self):
        with mock.patch.object(disks, "pattern", side_effect=OSError(28, "No space left on device")):
            code, out, err = self.lowwater("run", "--devices", "disk=1:pattern")
        self.assertEqual((code, out), (2, ""))
        self.assertRegex(err.splitlines()[-1], "^lowwater: .*/disk0.img: No space left on device$")

    def test_a_mistake_is_one_line(self):
        code, out, err = self.lowwater("run", "--devices", "disk=x")
        self.assertEqual((code, out, err), (2, "", "lowwater: DEVICES='disk=x': disk=x; expected disk=MIB, 1 to 65536\n"))

    def test_a_sweep_of_other_devices_is_another_one(self):
        for more in ((), ("--devices", "disk=1"), ("--devices", "none")):
            code, _, err = self.lowwater("sweep", "--scenario", "dice", "--seeds", "2,4", *more)
            self.assertEqual(code, 0, err)
        keys = list((self.build / "sweep" / "dice" / "none").iterdir())
        self.assertEqual(len(keys), 2)
        told = [(key / "table.txt").read_text(encoding="utf-8") for key in keys]
        self.assertEqual(sum(" DEVICES=disk=1" in text for text in told), 1)


if __name__ == "__main__":
    unittest.main()
