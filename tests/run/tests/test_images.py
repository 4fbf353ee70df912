"""Tests of disks with a file system: the same bytes twice, what e2fsck says of them, their files' contents."""
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import devices
from fake_build import FakeBuild
from machine import disks, images, words
from test_parts import spec


class Images(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)

    def make(self, kind, mib=32, name="disk"):
        images.make(self.folder / name, kind, mib)
        return self.folder / name

    def test_the_same_bytes_twice(self):
        for kind in devices.FILE_SYSTEMS:
            one, other = (self.make(kind, name=f"{kind}{number}").read_bytes() for number in range(2))
            self.assertEqual(len(one), 32 << 20)
            self.assertTrue(one == other)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["ext20", "ext21", "ext40", "ext41"])

    def test_they_are_whole(self):
        for kind, mib in (("ext4", 32), ("ext2", 33)):
            done = subprocess.run(["/usr/sbin/e2fsck", "-fn", self.make(kind, mib, kind)], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_word_tells_its_file_and_place(self):
        image = self.make("ext4", 33)
        for path, size, pages in images.content(33):
            if path.startswith("many/") and not path.endswith("7"):
                continue
            subprocess.run([images.DEBUGFS, "-R", f"dump /{path} {self.folder}/out", image], stderr=subprocess.DEVNULL,
                           check=True)
            data = (self.folder / "out").read_bytes()
            self.assertEqual(len(data), size, path)
            for page in range(0, -(-size // 4096), 1 if size < 1 << 18 else 37):
                there = pages is None or page in pages
                full = struct.pack("<512Q", *((page << 32 | index) ^ words.key(path) if there else 0
                                              for index in range(512)))
                self.assertEqual(data[page * 4096:][:4096], full[:max(size - page * 4096, 0)], (path, page))
        self.assertEqual(words.key(""), 0xcbf29ce484222325)
        self.assertEqual(words.key("a"), 0xaf63dc4c8601ec8c)  # FNV-1a's own vector

    def test_a_disk_of_a_run(self):
        with disks.made(spec(devices="disk=1 disk=32:ext2:ro"), self.folder):
            self.assertEqual((self.folder / "disk1.img").read_bytes()[1080:1082], b"\x53\xef")
            self.assertEqual(len(list(self.folder.iterdir())), 2)
        self.assertEqual(list(self.folder.iterdir()), [])


class Trouble(FakeBuild):
    def test_a_tool_that_is_not_there_is_one_line(self):
        with mock.patch.object(images, "MKE2FS", "/usr/sbin/mke3fs"):
            code, _, err = self.lowwater("run", "--devices", "disk=32:ext4")
        self.assertEqual((code, err.splitlines()[-1]),
                         (2, "lowwater: /usr/sbin/mke3fs: No such file or directory; expected that make setup has "
                             "installed e2fsprogs"))
        self.assertEqual(list(self.build.rglob("*.img")), [])

    def test_a_tool_that_complains_is_one_line(self):
        with mock.patch.object(images, "FEATURES", "nonsense"):
            code, _, err = self.lowwater("run", "--devices", "disk=32:ext4")
        self.assertEqual(code, 2)
        self.assertRegex(err.splitlines()[-1], r"^lowwater: /.*/disk0.img: mke2fs: Invalid filesystem option set: nonsense$")


if __name__ == "__main__":
    unittest.main()
