"""The house's order on what was compiled: the tree as it is, and edges planted in a copy of it."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from suites import rooms

BUILD = Path(os.environ.get("LOWWATER_BUILD_DIR", "build")).resolve()
OBJECTS = BUILD / "obj"
COMPILE = ["gcc", "-std=gnu11", "-ffreestanding", "-I.", "-isystem", str(BUILD / "newlib/include"),
           "-MMD", "-MP", "-mgeneral-regs-only", "-mcmodel=kernel", "-fno-pic", "-w", "-c"]


class Order(unittest.TestCase):
    def test_every_edge_of_the_kernel_is_in_order_or_named(self):
        self.assertEqual([*rooms.wrong_includes(".", OBJECTS), *rooms.wrong_calls(OBJECTS)], [])


class Planted(unittest.TestCase):
    """A copy of the tree in which one file is changed and compiled again."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root, self.objects = Path(place.name) / "tree", Path(place.name) / "obj"
        for floor in ("boot", "kernel", "mm", "tests"):
            shutil.copytree(floor, self.root / floor, ignore=shutil.ignore_patterns("*.py", "*.txt"))
        shutil.copytree(OBJECTS, self.objects)

    def plant(self, name, old, new):
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        subprocess.run([*COMPILE, name, "-o", self.objects / Path(name).with_suffix(".o")],
                       cwd=self.root, check=True)

    def test_an_include_against_the_order_is_named_with_its_line(self):
        line = '#include "mm/page/gfp.h"\n'
        self.plant("mm/page/gfp.c", line, line + '#include "mm/oom/oom.h"\n')
        text = (self.root / "mm/page/gfp.c").read_text(encoding="utf-8").splitlines()
        number = text.index('#include "mm/oom/oom.h"') + 1
        self.assertEqual([*rooms.wrong_includes(self.root, self.objects)],
                         [f"mm/page/gfp.c:{number}: mm/page may not use mm/oom (mm/oom/oom.h)"])

    def test_a_call_against_the_order_is_named_with_both_objects(self):
        line = '#include "mm/page/gfp.h"\n'
        self.plant("mm/page/gfp.c", line,
                   line + "void dump_header(void *oc); void (*planted)(void *) = dump_header;\n")
        self.assertEqual([*rooms.wrong_calls(self.objects)],
                         ["mm/page/gfp: mm/page may not use mm/oom: dump_header of "
                          "mm/oom/oom_report"])

    def test_an_allowance_that_nobody_needs_is_named(self):
        self.plant("kernel/core/cpu/dmi.c", '#include "kernel/core/log/printk.h"\n',
                   "int ksnprintf();\n")
        self.assertEqual([*rooms.wrong_includes(self.root, self.objects)],
                         ["UPWARD_INCLUDES: kernel/core/cpu/dmi.c does not include "
                          "kernel/core/log/printk.h any more"])

    def test_what_was_not_compiled_again_is_said(self):
        path = self.root / "mm/page/gfp.c"
        path.write_text('#include "mm/alloc/pcp.h"\n' + path.read_text(encoding="utf-8"),
                        encoding="utf-8")
        with self.assertRaisesRegex(rooms.Wrong, r"mm/page/gfp\.c: .*mm/alloc/pcp\.h.*build again"):
            list(rooms.wrong_includes(self.root, self.objects))

    def test_what_is_left_of_a_removed_source_is_not_read(self):
        (self.objects / "mm/page/gone.d").write_text("gone.o: mm/page/gone.c\n", encoding="utf-8")
        shutil.copy(self.objects / "mm/oom/oom_kill.o", self.objects / "mm/page/gone.o")
        self.assertEqual([*rooms.wrong_includes(self.root, self.objects),
                          *rooms.wrong_calls(self.objects)], [])

    def test_a_folder_that_is_no_room_is_said(self):
        self.assertRaisesRegex(rooms.Wrong, "mm/attic", rooms.room, "mm/attic/old.c")


if __name__ == "__main__":
    unittest.main()
