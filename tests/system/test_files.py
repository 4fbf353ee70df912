"""File systems on the real emulator: every page of every file is what was put there, the log is the same twice,
requests for memory on the way are Linux 4.8's, and what is wrong with a disk is said.

From the repository's root, with the kernel built.
"""
import contextlib
import tempfile
import unittest
from pathlib import Path

import system
from machine import images

FILES, PAGES, ZEROES = 210, 4726, 1504  # of a disk of 32 MiB, without pages at random


def files(**options):
    return system.boot(scenario="files", **{"mem": "64", "devices": "disk=32:ext4:ro", "args": "files.random=0"} | options)


def counters(run):
    return [run.counter(name) for name in (
        "files", "file_pages", "file_pages_of_zeroes", "files_missing", "file_pages_wrong", "file_errors")]


class Contents(unittest.TestCase):
    def test_both_formats_both_transports(self):
        for devices, mode, cpus in (("disk=32:ext4:ro:modern", "exact", "1"), ("disk=32:ext4:ro:legacy", "exact", "2"),
                                    ("disk=32:ext2:modern", "exact", "2"), ("disk=32:ext2:ro:legacy", "exact", "1"),
                                    ("disk=32:ext4", "fast", "2")):
            with self.subTest(devices, mode=mode, cpus=cpus):
                run = files(devices=devices, mode=mode, cpus=cpus)
                self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
                self.assertEqual(counters(run), [FILES, PAGES, ZEROES, 0, 0, 0])
                self.assertNotIn("expected", run.console)

    def test_windows_of_any_size_and_pages_at_random(self):
        for window in (1, 7, 256):
            run = files(args=f"files.window={window} files.random=3", seed=str(window))
            self.assertEqual(run.counter("file_pages"), PAGES + 3 * (FILES - 1))  # the empty one has none
            self.assertEqual(counters(run)[3:], [0, 0, 0])

    def test_a_debug_build(self):
        run = files(build="debug", cpus="2", devices="disk=32:ext4:ro disk=32:ext2")
        self.assertEqual(counters(run), [2 * FILES, 2 * PAGES, 2 * ZEROES, 0, 0, 0])


class Exact(unittest.TestCase):
    def test_the_same_log_twice(self):
        for devices, cpus in (("disk=32:ext4:ro:modern", "2"), ("disk=32:ext4:ro:legacy", "1")):
            with self.subTest(devices, cpus=cpus):
                first, second = (files(devices=devices, cpus=cpus, args="disk.jitter_us=300", again=turn)
                                 for turn in range(2))
                self.assertEqual(first.status, system.STATUS["finished"])
                self.assertEqual(first.console, second.console)


class Mapped(unittest.TestCase):
    """A file by root=, in the page cache, in an app's tables."""
    MACHINE = dict(scenario="file-map", mem="32", devices="disk=32:ext4:ro", args="root=vda")
    TWO = {"cpus": "2", "devices": "disk=32:ext2:ro:legacy"}

    def test_pages_come_go_and_come_back(self):
        for options in ({}, self.TWO, {"cpus": "4", "build": "debug"}):
            with self.subTest(**options):
                run = system.boot(**self.MACHINE | options)
                self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
                found = {name: run.counter(f"file_map_{name}") for name in ("missing", "cached")}
                self.assertEqual(found, {"missing": 1, "cached": 0})
                self.assertEqual(run.counter("file_pages_wrong"), 0)
                for name in ("first", "again", "refaults"):
                    self.assertGreater(run.counter(f"file_map_{name}"), 0, name)

    def test_the_same_log_twice(self):
        first, second = (system.boot(**self.MACHINE | self.TWO, again=turn) for turn in range(2))
        self.assertEqual((first.channel, first.console), (second.channel, second.console))

    def test_a_root_that_is_none(self):
        for name, devices, line in (
                ("vdz", "disk=32:ext4:ro", 'no such disk; expected one, as with DEVICES="disk=64:ext4"'),
                ("vda", "disk=8", 'no file system that can be read; expected one, as with DEVICES="disk=64:ext4"')):
            run = system.boot(**self.MACHINE | {"args": f"root={name}", "devices": devices})
            self.assertEqual(run.error_line(), f"lowwater: machine: root={name}: {line}")

    def test_without_a_root_no_descriptor_is_open(self):
        run = system.boot(scenario="file-read", mem="32", devices="none", build="debug")
        self.assertIn("file-read[1]: ok 10 no_such_descriptor", run.console)
        self.assertNotIn("panic", run.console)

    def test_without_a_root_there_is_no_file(self):
        run = system.boot(**self.MACHINE | {"args": ""})
        self.assertIn("bin/imklog: error -19\n", run.console)


class Descriptors(unittest.TestCase):
    def test_calls(self):
        for options in ({}, {"build": "debug", "cpus": "2"}):
            run = system.boot(scenario="file-read", mem="32", devices="disk=32:ext4:ro", args="root=vda", **options)
            self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
            self.assertEqual((run.counter("ktap_passed"), run.counter("ktap_failed")), (19, 0))
            self.assertRegex(run.console, r"behind\[\d+\]: SIGBUS at 0000001000015000: it is behind the end of its file")


class Memory(unittest.TestCase):
    def test_of_inodes(self):
        """devices.md §31.5, §31.7: ext4_inode_cache, reclaimable, of GFP_NOFS; the first request for a slab."""
        for cpus, order in (("1", 2), ("4", 3)):
            run = files(cpus=cpus, args="files.random=0 trace=on trace_page_alloc=1")
            made = [(event["args"]["order"], event["args"]["gfp_flags"]) for event in run.events
                    if event.get("event") == "trace" and event["name"] == "mm_page_alloc"]
            self.assertEqual(made.count((order, 0x215250)), 1)
            self.assertGreater(made.count((0, 0x2400040)), 1000)  # blocks of metadata


class Wrong(unittest.TestCase):
    def test_a_disk_without_a_file_system(self):
        run = files(devices="disk=8")
        self.assertEqual(run.status, system.STATUS["refused"])
        self.assertIn("fs vda: block 0: magic 0x0; expected 0xef53: ext2, ext3 or ext4\n", run.console)
        self.assertEqual(run.error_line(), "lowwater: machine: no file system that can be read on vda; expected one, as "
                                           'with DEVICES="disk=64:ext4"')
        self.assertEqual(files(devices="none").error_line(), "lowwater: machine: no disk; expected one at least "
                                                             '(DEVICES="disk=64:ext4")')

    def test_a_disk_that_is_shorter_than_it_was(self):
        with self.image(lambda file: file.write_bytes(file.read_bytes()[:16 << 20])) as drive:
            run = files(devices="none", extra=drive())
        self.assertEqual(run.status, system.STATUS["refused"])
        self.assertIn("fs vda: block 0: 8192 blocks; expected 2 to 4096, as the disk has\n", run.console)

    def test_a_page_that_cannot_be_read(self):
        """It is said with its place, and all others are right."""
        with self.image() as drive:
            run = files(devices="none", extra=drive("blkdebug", 1000 * 8))
        self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
        self.assertRegex(run.console, r"fs vda: inode \d+, block \d+: cannot be read \(error 5\); expected \d+ pages of a "
                                      r"file, from page \d+ on\n")
        self.assertEqual((run.counter("files"), run.counter("files_missing")), (FILES, 0))
        self.assertGreater(run.counter("file_errors"), 0)
        self.assertEqual(run.counter("file_errors"), run.counter("file_pages_wrong"))

    def test_metadata_that_cannot_be_read(self):
        with self.image() as drive:
            run = files(devices="none", extra=drive("blkdebug", 8))
        self.assertEqual(run.status, system.STATUS["refused"])
        self.assertIn("fs vda: block 1: cannot be read (error 5); expected metadata\n", run.console)

    @contextlib.contextmanager
    def image(self, spoil=lambda file: None):
        """A disk that the runner has not made: what follows puts it into the machine."""
        def drive(driver="", sector=0):
            way = f"filename={file}" if not driver else (
                f"driver={driver},file.image.driver=file,file.image.filename={file},file.inject-error.0.event=none,"
                f"file.inject-error.0.iotype=read,file.inject-error.0.errno=5,file.inject-error.0.sector={sector}")
            return ["-drive", f"id=d0,if=none,format=raw,file.{way}" if driver else f"id=d0,if=none,format=raw,file={file}",
                    "-device", "virtio-blk-pci,drive=d0,ioeventfd=off,num-queues=1,werror=report,rerror=report,addr=0x2"]

        with tempfile.TemporaryDirectory() as place:
            file = Path(place, "disk")
            images.make(file, "ext4", 32)
            spoil(file)
            yield drive


if __name__ == "__main__":
    unittest.main()
